/** Avro types in JSON form, with what makes their values. */
export type Avro = string | Readonly<Record<string, unknown>>

function typed(type: string, properties: Readonly<Record<string, unknown>>, more: object = {}): Avro {
  return { type, ...more, 'arg.properties': properties }
}

/** Numbers from `min` to `max`. */
export const range = (type: 'int' | 'long' | 'double', min: number, max: number): Avro =>
  typed(type, { range: { min, max } })

/** Numbers that count on from `start`. */
export const count = (type: 'int' | 'long' | 'double', start: number, step = 1): Avro =>
  typed(type, { iteration: { start, step } })

/** Texts of a prefix and a number that counts on. */
export const numbered = (prefix: string): Avro => typed('string', { iteration: { start: 0 }, prefix })

/** Texts that match. */
export const regex = (pattern: string): Avro => typed('string', { regex: pattern })

/** One of these. */
export const oneOf = (type: 'string' | 'int', options: readonly unknown[]): Avro => typed(type, { options })

/** Instants that count on from 2021-01-01, `step` milliseconds apart. */
export const instants = (step: number): Avro =>
  typed('long', { iteration: { start: Date.UTC(2021), step } }, { logicalType: 'timestamp-millis' })

/** Days of the years 2019 to 2022. */
export const days = (): Avro => typed('int', { range: { min: 18_000, max: 19_000 } }, { logicalType: 'date' })

/** A record of fields. */
export function record(name: string, fields: Readonly<Record<string, Avro>>): Avro {
  return { type: 'record', name, fields: Object.entries(fields).map(([field, type]) => ({ name: field, type })) }
}

/** A record that is one of these rows. */
export function rows(name: string, types: Readonly<Record<string, string>>, options: readonly object[]): Avro {
  return { ...(record(name, types) as object), 'arg.properties': { options } }
}

/** `count` items made from their number, from 0. */
export const times = <T>(length: number, make: (i: number) => T): T[] => Array.from({ length }, (_item, i) => make(i))

/** The item at `i`, from the beginning again after the last. */
export const cyclic = <T>(items: readonly T[], i: number): T => items[i % items.length] as T
