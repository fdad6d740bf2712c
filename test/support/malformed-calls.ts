import { Random } from '../../bench/torture/random.ts'

/** An operation of an OpenAPI document, as far as calls are made from it. */
interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema: Schema }[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> }
}

interface Schema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly Schema[]
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: Schema | boolean
}

export interface OpenApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> }
}

/** One call. `raw` in place of all else: bytes for the bare connection. */
export interface Call {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer | null
  readonly raw: Buffer | null
}

const odd: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  1e308,
  2 ** 53,
  '',
  ' ',
  '\u0000',
  '𝕏',
  '${file:/etc/passwd:x}',
  [],
  [null],
  [[]],
  {},
  { '': '' },
  { constructor: 'x', __proto__: { a: 1 } },
  'x'.repeat(10_000),
]
const segments = [
  'c',
  'missing',
  '0',
  '-1',
  '99999999999',
  'a%2Fb',
  '%00',
  '%E0%A4%A',
  '%zz',
  '..',
  '%2e%2e',
  ';x=1',
  '%F0%9F%98%80',
]
const moreSegments = [
  '+',
  '%20',
  '$',
  '{connector}',
  '__proto__',
  'constructor',
  'x'.repeat(3_000),
  'FileStreamSink',
  'root',
  '[]',
  '',
]
const contentTypes = [
  'application/json',
  'application/json; charset=utf-16',
  'text/plain',
  'garbage',
  '',
  'application/*',
  '*/*',
  ';;;',
]
const accepts = ['*/*', 'text/html', 'application/json;q=0', '', 'a', ',,,', 'application/xml, */*']
const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD', 'TRACE', 'PROPFIND']
const queries = [
  'true',
  'false',
  '',
  'x',
  '%',
  '%00',
  'info',
  'status',
  'cluster',
  '1',
  'x'.repeat(500),
  '%F0%9F',
  '[1,2)',
]
const settings = [
  'connector.class',
  'name',
  'topics',
  'tasks.max',
  'transforms',
  'key.converter',
  'errors.tolerance',
  'file',
]

/**
 * Calls made from an OpenAPI document and then spoilt: in path, query, method, headers, in the JSON of the body or in its
 * bytes, or below HTTP. The same document and seed give the same calls.
 */
export class MalformedCalls {
  readonly #document: OpenApiDocument
  readonly #operations: readonly { readonly path: string; readonly method: string; readonly operation: Operation }[]
  readonly #random: Random

  constructor(document: OpenApiDocument, seed: number) {
    this.#document = document
    this.#random = new Random(seed)
    this.#operations = Object.entries(document.paths).flatMap(([path, byMethod]) =>
      Object.entries(byMethod).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
    )
  }

  next(): Call {
    const { path, method, operation } = this.#pick(this.#operations)
    const schema = operation.requestBody?.content['application/json']?.schema
    const hasBody = schema === undefined ? this.#chance(0.1) : this.#chance(0.95)
    const body = hasBody ? this.#body(schema ?? {}) : null
    const call: Call = {
      method: this.#chance(0.05) ? this.#pick(methods) : method,
      path: this.#path(path, operation),
      headers: this.#headers(hasBody),
      body,
      raw: null,
    }
    return this.#chance(0.03) ? { ...call, raw: this.#spoilt(rawRequest(call)) } : call
  }

  #path(template: string, operation: Operation): string {
    const filled = template.replace(/\{\w+\}/g, () => this.#pick(this.#chance(0.6) ? segments : moreSegments))
    const path = this.#chance(0.03) ? filled + this.#pick(['/', '//', '/x', '%', '/../..', '#x', '\\..']) : filled
    const query = (operation.parameters ?? [])
      .filter((parameter) => parameter.in === 'query' && this.#chance(0.5))
      .flatMap(({ name }) => Array.from({ length: this.#chance(0.1) ? 20 : 1 }, () => `${name}=${this.#pick(queries)}`))
    if (this.#chance(0.05)) query.push(this.#pick(['&&&', '=', '%', 'forward=false', 'a=b=c', '?']))
    return query.length === 0 ? path : `${path}?${query.join('&')}`
  }

  #headers(hasBody: boolean): Record<string, string> {
    const headers: Record<string, string> = {}
    if (hasBody && !this.#chance(0.03)) headers['content-type'] = 'application/json'
    if (this.#chance(0.05)) headers['content-type'] = this.#pick(contentTypes)
    if (this.#chance(0.05)) headers['accept'] = this.#pick(accepts)
    if (this.#chance(0.03)) headers['authorization'] = this.#pick(['Basic', 'Basic !!!', 'Basic Og==', 'Bearer x'])
    if (this.#chance(0.05)) headers['x-connect-authorization'] = this.#pick(['', '!!', 'AAAA', 'x'.repeat(2_000)])
    if (this.#chance(0.05)) headers['x-connect-request-signature-algorithm'] = this.#pick(['', 'HmacSHA256', 'rot13'])
    if (this.#chance(0.02)) headers['origin'] = this.#pick(['null', 'http://x', '%', ''])
    return headers
  }

  #body(schema: Schema): Buffer {
    let value = this.#sample(schema, 0)
    if (this.#chance(0.7)) value = this.#mutated(value)
    const text = JSON.stringify(value) ?? ''
    const bytes = Buffer.from(text, this.#chance(0.03) ? 'utf16le' : 'utf8')
    return this.#chance(0.4) ? this.#spoilt(bytes) : bytes
  }

  #sample(schema: Schema, depth: number): unknown {
    if (schema.$ref !== undefined) {
      return this.#sample(this.#document.components.schemas[schema.$ref.split('/').at(-1) ?? ''] ?? {}, depth)
    }
    if (schema.enum !== undefined) return this.#pick(schema.enum)
    if (schema.anyOf !== undefined) return this.#sample(this.#pick(schema.anyOf), depth)
    switch (this.#pick([schema.type ?? 'object'].flat())) {
      case 'string':
        return this.#pick(['c', 'missing', 'FileStreamSink', 'INFO', '1', 't'])
      case 'integer':
      case 'number':
        return Math.floor(this.#random.next() * 10)
      case 'boolean':
        return this.#chance(0.5)
      case 'null':
        return null
      case 'array':
        return Array.from({ length: Math.floor(this.#random.next() * 3) }, () =>
          this.#sample(schema.items ?? {}, depth + 1),
        )
      default:
        return this.#object(schema, depth)
    }
  }

  #object(schema: Schema, depth: number): Record<string, unknown> {
    const object: Record<string, unknown> = {}
    for (const [key, of] of Object.entries(schema.properties ?? {})) {
      if (schema.required?.includes(key) === true || this.#chance(0.5)) object[key] = this.#sample(of, depth + 1)
    }
    const extra = schema.additionalProperties
    if (typeof extra === 'object' && depth < 4) {
      for (const key of settings) if (this.#chance(0.4)) object[key] = this.#sample(extra, depth + 1)
    }
    return object
  }

  /** The value with one part of it replaced, left out, added, repeated or nested deep. */
  #mutated(value: unknown): unknown {
    if (this.#chance(0.3) || typeof value !== 'object' || value === null) {
      return this.#chance(0.02) ? this.#nested() : this.#pick(odd)
    }
    if (Array.isArray(value)) {
      return value.length === 0
        ? [this.#pick(odd)]
        : value.map((entry) => (this.#chance(0.5) ? this.#mutated(entry) : entry))
    }
    const copy = { ...value } as Record<string, unknown>
    const keys = Object.keys(copy)
    const key = keys.length === 0 ? 'x' : this.#pick(keys)
    const removes = this.#chance(0.25)
    if (removes) delete copy[key]
    else if (this.#chance(0.25))
      copy[this.#pick(['', 'extra', '__proto__x', 'x'.repeat(1_000), '\u0000'])] = this.#pick(odd)
    else copy[key] = this.#mutated(copy[key])
    return copy
  }

  #nested(): unknown {
    let value: unknown = 1
    for (let depth = 0; depth < 2_000; depth++) value = depth % 2 === 0 ? [value] : { a: value }
    return value
  }

  /** Bytes that are cut, overwritten, repeated, or joined with others. */
  #spoilt(bytes: Buffer): Buffer {
    const at = Math.floor(this.#random.next() * (bytes.length + 1))
    switch (Math.floor(this.#random.next() * 5)) {
      case 0:
        return bytes.subarray(0, at)
      case 1: {
        const copy = Buffer.from(bytes)
        if (copy.length > 0) copy[at % copy.length] = Math.floor(this.#random.next() * 256)
        return copy
      }
      case 2:
        return Buffer.concat([bytes, bytes])
      case 3:
        return Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), bytes])
      default:
        return Buffer.concat([bytes.subarray(0, at), Buffer.from([0xff, 0x00, 0xc0]), bytes.subarray(at)])
    }
  }

  #pick<T>(from: readonly T[]): T {
    return this.#random.pick(from)
  }

  #chance(share: number): boolean {
    return this.#random.chance(share)
  }
}

function rawRequest({ method, path, headers, body }: Call): Buffer {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  const length = body === null ? '' : `content-length: ${body.length}\r\n`
  const head = `${method} ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n${lines.join('')}${length}\r\n`
  return Buffer.concat([Buffer.from(head, 'latin1'), body ?? Buffer.alloc(0)])
}
