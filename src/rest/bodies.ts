import {
  BadRequestError,
  javaTrim,
  type PartitionOffset,
  type Properties,
  RuntimeError,
  type TargetState,
} from '../runtime/index.ts'

/** What Kafka Connect answers with 500 because its JSON binding failed; the fragments are those that clients match. */
export class BodyError extends RuntimeError {
  override readonly code = 'MILL_BODY'
}

const scalars = new Set(['string', 'number', 'boolean', 'bigint'])

function isScalar(value: unknown): boolean {
  return scalars.has(typeof value) || value instanceof WrittenNumber
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof WrittenNumber)
}

type Reviver = (key: string, value: unknown, context?: { source?: string }) => unknown

/** A number as it was written: configurations hold text, and `1.50` is to stay `1.50`. */
class WrittenNumber {
  readonly #source: string

  constructor(source: string) {
    this.#source = source
  }

  toString(): string {
    return this.#source
  }
}

const numbersAsWritten: Reviver = (_key, value, context) =>
  typeof value === 'number' ? new WrittenNumber(context?.source ?? String(value)) : value

/** As with Kafka Connect. Reading more takes longer than a request should. */
const MOST_DIGITS = 1000

/** Offsets beyond 2^53 keep all their digits. */
const exactIntegers: Reviver = (_key, value, context) => {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value
  const source = context?.source ?? ''
  if (source.length > MOST_DIGITS)
    throw new RangeError(`a number has ${source.length} digits, more than ${MOST_DIGITS}`)
  return /^-?\d+$/.test(source) ? BigInt(source) : value
}

/** The body of a request whose scalars become text. */
export function parseSettings(bytes: Uint8Array): unknown {
  return parseJson(bytes, numbersAsWritten)
}

/** The body of a request with offsets. */
export function parseOffsets(bytes: Uint8Array): unknown {
  return parseJson(bytes, exactIntegers)
}

/** Bytes to JSON: UTF-8 or UTF-16, with or without byte-order mark. Throws {@link BodyError} that says where it broke. */
export function parseJson(bytes: Uint8Array, reviver?: Reviver): unknown {
  if (bytes.length === 0) throw new BodyError('The request body is missing: a JSON document is expected')
  try {
    return JSON.parse(decodeText(bytes), reviver) as unknown
  } catch (error) {
    throw new BodyError(`The request body is not valid JSON: ${(error as Error).message}`)
  }
}

function decodeText(bytes: Uint8Array): string {
  const [first, second] = bytes
  if ((first === 0xff && second === 0xfe) || (first !== 0 && second === 0))
    return new TextDecoder('utf-16le').decode(bytes)
  if ((first === 0xfe && second === 0xff) || (first === 0 && second !== 0))
    return new TextDecoder('utf-16be').decode(bytes)
  return new TextDecoder('utf-8').decode(bytes)
}

/** A JSON object of scalars; they become strings, null stays. */
export function stringMap(value: unknown, what: string): Properties {
  refuseEmptyText(value, what)
  if (typeof value === 'string') {
    throw new BodyError(`Cannot construct instance: ${what} must be a JSON object of strings, found a string`)
  }
  if (!isObject(value)) {
    throw new BodyError(`Cannot deserialize value: ${what} must be a JSON object of strings, found ${kindOf(value)}`)
  }
  const map: Record<string, string | null> = {}
  for (const [key, entry] of Object.entries(value)) {
    if (entry !== null && !isScalar(entry)) {
      throw new BodyError(`Cannot deserialize value: "${key}" in ${what} must be a string, found ${kindOf(entry)}`)
    }
    Object.defineProperty(map, key, {
      value: entry === null ? null : String(entry as string | number | boolean),
      enumerable: true,
      writable: true,
      configurable: true,
    })
  }
  return map
}

export interface CreateRequest {
  readonly name: string
  readonly config: Properties
  readonly initialState: TargetState | null
}

const initialStates: Record<string, TargetState> = { RUNNING: 'STARTED', PAUSED: 'PAUSED', STOPPED: 'STOPPED' }

/** The body of `POST /connectors`: `{"name", "config", "initial_state"?}`. */
export function createRequest(body: unknown): CreateRequest {
  const { name, config, initial_state: state } = fields(body, ['name', 'config', 'initial_state'], 'the request')
  if (config === undefined || config === null) {
    throw new BodyError('The request has no "config": an object with the configuration of the connector is expected')
  }
  const trimmed = javaTrim(name === undefined || name === null ? '' : text(name, 'name'))
  return { name: trimmed, config: stringMap(config, '"config"'), initialState: initialState(state) }
}

function initialState(value: unknown): TargetState | null {
  if (value === undefined || value === null) return null
  const state = initialStates[String(value as string).toUpperCase()]
  if (state === undefined) {
    throw new BodyError(
      `Cannot construct instance: initial_state must be one of ${Object.keys(initialStates).join(', ')}`,
    )
  }
  return state
}

function fields(body: unknown, known: readonly string[], what: string): Record<string, unknown> {
  refuseEmptyText(body, what)
  if (!isObject(body)) {
    const fragment = isScalar(body) ? 'Cannot construct instance' : 'Cannot deserialize value'
    throw new BodyError(`${fragment}: ${what} must be a JSON object, found ${kindOf(body)}`)
  }
  const unknown = Object.keys(body).find((key) => !known.includes(key))
  if (unknown !== undefined) {
    throw new BodyError(`Unrecognized field "${unknown}"; known are ${known.map((key) => `"${key}"`).join(', ')}`)
  }
  return body
}

function refuseEmptyText(value: unknown, what: string): void {
  if (value === '') throw new BodyError(`Cannot coerce empty String: ${what} must be a JSON object`)
}

function text(value: unknown, what: string): string {
  if (!isScalar(value))
    throw new BodyError(`Cannot deserialize value: "${what}" must be a string, found ${kindOf(value)}`)
  return String(value as string | number | boolean)
}

/** The body of `PATCH /connectors/{name}/offsets`: `{"offsets": [{"partition", "offset"}]}`. */
export function offsetsRequest(body: unknown): PartitionOffset[] {
  const { offsets = null } = fields(body, ['offsets'], 'the request')
  if (offsets !== null && !Array.isArray(offsets)) {
    throw new BodyError(`Cannot deserialize value: "offsets" must be an array, found ${kindOf(offsets)}`)
  }
  if (offsets === null || offsets.length === 0) {
    throw new BadRequestError('Partitions / offsets need to be provided for an alter offsets request')
  }
  return offsets.map((entry: unknown) => {
    if (isScalar(entry)) {
      throw new BodyError('Cannot construct instance: an entry of "offsets" must be {"partition", "offset"}')
    }
    const { partition = null, offset = null } = fields(entry, ['partition', 'offset'], 'an entry of "offsets"')
    return { partition: objectOrNull(partition, 'partition'), offset: objectOrNull(offset, 'offset') }
  })
}

function objectOrNull(value: unknown, what: string): Record<string, unknown> | null {
  if (value === null) return null
  if (isObject(value)) return value
  throw new BodyError(`Cannot deserialize value: "${what}" must be a JSON object, found ${kindOf(value)}`)
}

/** Fills in `config.name`, or refuses another one. */
export function withName(name: string, config: Properties): Properties {
  const given = config['name']
  if (given === undefined || given === null) return { ...config, name }
  if (given !== name) {
    throw new BadRequestError(
      `Connector name configuration (${given}) doesn't match connector name in the URL (${name})`,
    )
  }
  return config
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'null'
  if (value instanceof WrittenNumber) return 'a number'
  return Array.isArray(value) ? 'an array' : typeof value === 'object' ? 'an object' : `a ${typeof value}`
}
