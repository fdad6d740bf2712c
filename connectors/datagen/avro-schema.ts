import { ConfigError } from 'millrace/connect'

const primitives = ['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string'] as const

export type AvroKind = (typeof primitives)[number] | 'record' | 'enum' | 'array' | 'map' | 'fixed'

/** What `arg.properties` says of the values to make; which of them apply depends on the type. */
export interface Arguments {
  readonly options?: readonly unknown[]
  readonly range?: { readonly min?: number; readonly max?: number }
  readonly iteration?: { readonly start: number; readonly restart?: number; readonly step?: number }
  readonly regex?: string
  readonly length?: number | { readonly min?: number; readonly max?: number }
  readonly prefix?: string
  readonly suffix?: string
  /** Share of true, from 0 to 1. */
  readonly odds?: number
  readonly keys?: Arguments
}

const argumentNames = ['options', 'range', 'iteration', 'regex', 'length', 'prefix', 'suffix', 'odds', 'keys']

/** A type of an Avro schema, names resolved; a union with null is a type that is optional. */
export interface AvroType {
  readonly kind: AvroKind
  readonly isOptional: boolean
  readonly arguments: Arguments
  readonly logicalType?: string
  /** Full name: of records, enums and fixed. */
  readonly name?: string
  readonly fields?: readonly { readonly name: string; readonly type: AvroType }[]
  readonly symbols?: readonly string[]
  /** Bytes of a fixed. */
  readonly size?: number
  /** Digits after the point of a decimal. */
  readonly scale?: number
  /** Of arrays and maps. */
  readonly values?: AvroType
}

type Json = Readonly<Record<string, unknown>>

/** Reads a schema in Avro's JSON form, as far as data can be made of it. Throws a `ConfigError` that says what it is not. */
export function readAvroSchema(text: string): AvroType {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    throw new ConfigError(`The schema is no JSON: ${(error as Error).message}`)
  }
  return new SchemaReader().read(json, '', 'The schema')
}

class SchemaReader {
  readonly #named = new Map<string, AvroType>()
  readonly #open = new Set<string>()

  /** `where` begins the sentence of an error. */
  read(json: unknown, namespace: string, where: string): AvroType {
    if (Array.isArray(json)) return this.#union(json, namespace, where)
    if (typeof json === 'string') return this.#reference(json, namespace, where)
    if (!isObject(json)) throw new ConfigError(`${where} is no Avro type: ${JSON.stringify(json)}`)
    const { type } = json
    if (typeof type !== 'string') return { ...this.read(type, namespace, where), ...common(json, where) }
    switch (type) {
      case 'record':
      case 'enum':
      case 'fixed':
        return this.#declaration(type, json, namespace, where)
      case 'array':
        return plain('array', { ...common(json, where), values: this.read(json['items'], namespace, `${where}[]`) })
      case 'map':
        return plain('map', { ...common(json, where), values: this.read(json['values'], namespace, `${where}{}`) })
      default:
        return { ...this.#reference(type, namespace, where), ...common(json, where), ...scaleOf(json, where) }
    }
  }

  #union(members: readonly unknown[], namespace: string, where: string): AvroType {
    const types = members.map((member) => this.read(member, namespace, where))
    const others = types.filter(({ kind }) => kind !== 'null')
    const [only] = others
    if (only === undefined || others.length > 1 || types.length > 2)
      throw new ConfigError(`${where} is a union of several types: only unions of null and one type can be made`)
    return { ...only, isOptional: only.isOptional || types.length === 2 }
  }

  #reference(name: string, namespace: string, where: string): AvroType {
    const kind = primitives.find((known) => known === name)
    if (kind !== undefined) return plain(kind, {})
    const full = fullName(name, namespace)
    if (this.#open.has(full)) throw new ConfigError(`${where} contains itself: ${full}`)
    const known = this.#named.get(full) ?? this.#named.get(name)
    if (known === undefined) throw new ConfigError(`${where} has the type ${name}, which is not known`)
    return known
  }

  #declaration(kind: 'record' | 'enum' | 'fixed', json: Json, namespace: string, where: string): AvroType {
    if (typeof json['name'] !== 'string' || json['name'] === '') throw new ConfigError(`${where} has no name`)
    const name = fullName(json['name'], typeof json['namespace'] === 'string' ? json['namespace'] : namespace)
    this.#open.add(name)
    const type = plain(kind, { ...common(json, where), ...this.#content(kind, json, name, where) })
    this.#open.delete(name)
    this.#named.set(name, type)
    return type
  }

  #content(kind: 'record' | 'enum' | 'fixed', json: Json, name: string, where: string): Partial<AvroType> {
    if (kind === 'enum') {
      const { symbols } = json
      if (!Array.isArray(symbols) || symbols.length === 0 || !symbols.every((symbol) => typeof symbol === 'string'))
        throw new ConfigError(`${where} is an enum without symbols`)
      return { name, symbols }
    }
    if (kind === 'fixed') {
      const size = json['size']
      if (typeof size !== 'number' || !Number.isInteger(size) || size < 0)
        throw new ConfigError(`${where} is a fixed without a size`)
      return { name, size, ...scaleOf(json, where) }
    }
    const { fields } = json
    if (!Array.isArray(fields)) throw new ConfigError(`${where} is a record without fields`)
    const inner = name.slice(0, Math.max(0, name.lastIndexOf('.')))
    return {
      name,
      fields: fields.map((field: unknown) => {
        if (!isObject(field) || typeof field['name'] !== 'string')
          throw new ConfigError(`${where} has a field without a name`)
        return { name: field['name'], type: this.read(field['type'], inner, `Field ${field['name']} of ${name}`) }
      }),
    }
  }
}

function plain(kind: AvroKind, rest: Partial<AvroType>): AvroType {
  return { isOptional: false, arguments: {}, ...rest, kind }
}

function common(json: Json, where: string): Partial<AvroType> {
  const given = json['arg.properties']
  const logicalType = json['logicalType']
  return {
    ...(given === undefined ? {} : { arguments: argumentsOf(given, where) }),
    ...(typeof logicalType === 'string' ? { logicalType } : {}),
  }
}

function scaleOf(json: Json, where: string): Partial<AvroType> {
  if (json['logicalType'] !== 'decimal') return {}
  const scale = json['scale'] ?? 0
  if (typeof scale !== 'number' || !Number.isInteger(scale) || scale < 0)
    throw new ConfigError(
      `${where} is a decimal of the scale ${JSON.stringify(scale)}: a whole number from 0 on is needed`,
    )
  return { scale }
}

function argumentsOf(given: unknown, where: string): Arguments {
  if (!isObject(given)) throw new ConfigError(`${where} has arg.properties that are no object`)
  for (const name in given)
    if (!argumentNames.includes(name))
      throw new ConfigError(`${where} has the arg.properties ${name}; known are ${argumentNames.join(', ')}`)
  const { options, keys, iteration } = given
  if (options !== undefined && (!Array.isArray(options) || options.length === 0))
    throw new ConfigError(`${where} has options that are no list of values`)
  if (iteration !== undefined && (!isObject(iteration) || typeof iteration['start'] !== 'number'))
    throw new ConfigError(`${where} has an iteration without start`)
  if (keys !== undefined) argumentsOf(keys, where)
  return given
}

function fullName(name: string, namespace: string): string {
  return name.includes('.') || namespace === '' ? name : `${namespace}.${name}`
}

function isObject(json: unknown): json is Json {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}
