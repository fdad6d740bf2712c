import { ConfigError } from 'millrace/connect'
import type { Arguments, AvroType } from './avro-schema.ts'
import type { Random } from './random.ts'
import { textMaker } from './regex-text.ts'

/** Makes the next value of a type, as Connect has values. */
export type Maker = (random: Random) => unknown

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'.split('')

/** Lengths where the schema says none. */
const SHORTEST = 8
const LONGEST = 16

/** A maker of a type's values. `generation` is how many were made before: iterations begin there. */
export function valueMaker(type: AvroType, generation = 0): Maker {
  const make = requiredMaker(type, generation)
  return type.isOptional ? (random) => (random.fraction() < 0.5 ? null : make(random)) : make
}

function requiredMaker(type: AvroType, generation: number): Maker {
  const { options, iteration } = type.arguments
  if (options !== undefined) {
    const values = options.map((option) => optionValue(type, option))
    return (random) => random.pick(values)
  }
  const { kind } = type
  if (iteration !== undefined && ['int', 'long', 'float', 'double', 'string'].includes(kind)) {
    const next = iterator(iteration, generation)
    return kind === 'string' ? () => affixed(type.arguments, String(next())) : next
  }
  if (type.scale !== undefined) return decimalMaker(type.arguments, type.scale)
  switch (kind) {
    case 'null':
      return () => null
    case 'boolean':
      return booleanMaker(type.arguments)
    case 'int':
    case 'long':
    case 'float':
    case 'double':
      return numberMaker(kind, type.arguments)
    case 'string':
      return stringMaker(type.arguments)
    case 'bytes':
    case 'fixed':
      return bytesMaker(type)
    case 'enum':
      return (random) => random.pick(type.symbols ?? [])
    case 'array':
      return arrayMaker(type, generation)
    case 'map':
      return mapMaker(type, generation)
    case 'record':
      return recordMaker(type, generation)
  }
}

function recordMaker({ fields = [] }: AvroType, generation: number): Maker {
  const makers = fields.map(({ name, type }) => [name, valueMaker(type, generation)] as const)
  return (random) => {
    const record: Record<string, unknown> = {}
    for (const [name, make] of makers) record[name] = make(random)
    return record
  }
}

function arrayMaker({ values, arguments: args }: AvroType, generation: number): Maker {
  const make = valueMaker(values as AvroType, generation)
  const length = lengthMaker(args)
  return (random) => Array.from({ length: length(random) }, () => make(random))
}

function mapMaker({ values, arguments: args }: AvroType, generation: number): Maker {
  const make = valueMaker(values as AvroType, generation)
  const { options } = args.keys ?? {}
  const key = options === undefined ? stringMaker(args.keys ?? {}) : (random: Random) => String(random.pick(options))
  const length = lengthMaker(args)
  return (random) => new Map(Array.from({ length: length(random) }, () => [key(random), make(random)]))
}

function booleanMaker({ odds = 0.5 }: Arguments): Maker {
  return (random) => random.fraction() < odds
}

function numberMaker(kind: 'int' | 'long' | 'float' | 'double', { range }: Arguments): Maker {
  const isWhole = kind === 'int' || kind === 'long'
  if (range === undefined)
    return (random) =>
      kind === 'int' ? random.int32() : kind === 'long' ? random.int64() : real(kind, random.fraction())
  const [lowest, highest] = kind === 'int' ? [-(2 ** 31), 2 ** 31 - 1] : [-(2 ** 53) + 1, 2 ** 53 - 1]
  const { min = isWhole ? lowest : 0, max = isWhole ? highest : 1 } = range
  if (!(min < max)) throw new ConfigError(`The range from ${min} to ${max} is empty`)
  return (random) => (isWhole ? random.integer(min, max) : real(kind, min + random.fraction() * (max - min)))
}

function real(kind: string, value: number): number {
  return kind === 'float' ? Math.fround(value) : value
}

function decimalMaker({ range }: Arguments, scale: number): Maker {
  const { min = 0, max = 100 } = range ?? {}
  if (!(min < max)) throw new ConfigError(`The range from ${min} to ${max} is empty`)
  return (random) => (min + random.fraction() * (max - min)).toFixed(scale)
}

function stringMaker(args: Arguments): (random: Random) => string {
  const text = args.regex === undefined ? lettersMaker(args) : textMaker(args.regex)
  return (random) => affixed(args, text(random))
}

function lettersMaker(args: Arguments): (random: Random) => string {
  const length = lengthMaker(args)
  return (random) => Array.from({ length: length(random) }, () => random.pick(letters)).join('')
}

function affixed({ prefix = '', suffix = '' }: Arguments, text: string): string {
  return prefix + text + suffix
}

function bytesMaker({ kind, size, arguments: args }: AvroType): Maker {
  const length = kind === 'fixed' ? () => size as number : lengthMaker(args)
  return (random) => Uint8Array.from({ length: length(random) }, () => random.integer(0, 256))
}

function lengthMaker({ length }: Arguments): (random: Random) => number {
  if (typeof length === 'number') return () => length
  const { min = length === undefined ? SHORTEST : 0, max = length === undefined ? LONGEST : min + LONGEST } =
    length ?? {}
  return (random) => random.integer(min, max)
}

/** Counts from `start` in steps, back to `start` where `restart` is reached; begins at the `generation`th number. */
function iterator({ start, restart, step }: NonNullable<Arguments['iteration']>, generation: number): () => number {
  const by = step ?? (restart !== undefined && restart < start ? -1 : 1)
  const period = restart === undefined ? Number.POSITIVE_INFINITY : Math.ceil((restart - start) / by)
  if (!(period > 0))
    throw new ConfigError(`The iteration from ${start} to ${restart} in steps of ${by} does not get there`)
  let next = generation
  return () => start + (next++ % period) * by
}

/** An option as it stands in the schema, in Connect's form. */
function optionValue(type: AvroType, option: unknown): unknown {
  if (option === null) return null
  switch (type.kind) {
    case 'record': {
      const record = option as Record<string, unknown>
      return Object.fromEntries(
        (type.fields ?? []).map((field) => [field.name, optionValue(field.type, record[field.name] ?? null)]),
      )
    }
    case 'array':
      return (option as unknown[]).map((item) => optionValue(type.values as AvroType, item))
    case 'map':
      return new Map(
        Object.entries(option as object).map(([key, value]) => [key, optionValue(type.values as AvroType, value)]),
      )
    case 'bytes':
    case 'fixed':
      return type.scale === undefined ? Buffer.from(option as string, 'latin1') : Number(option).toFixed(type.scale)
    default:
      return option
  }
}
