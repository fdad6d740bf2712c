import { connect as connectSocket, type Socket } from 'node:net'
import type { Logger } from '../base/logger.ts'
import { writeChunks } from '../net/index.ts'
import { correlationIdOf, decodeResponse, encodeRequest } from '../protocol/codec.ts'
import { ErrorCode, ProtocolError } from '../protocol/errors.ts'
import { ApiVersions } from '../protocol/messages/api-versions.ts'
import type { Decoded, Encodable, Fields } from '../protocol/schema/field.ts'
import type { ApiDefinition } from '../protocol/schema/message.ts'
import { ApiRanges } from './api-ranges.ts'
import { ConnectionError, messageOf } from './errors.ts'
import type { NetworkMeter } from './network-meter.ts'
import { PendingRequests } from './pending-requests.ts'
import { ResponseReader } from './response-reader.ts'

/** A response this large is refused; below it memory is taken only as bytes arrive. */
const MAX_RESPONSE_BYTES = 1073741824
const FRAME_PREFIX_BYTES = 4
const SOFTWARE_NAME = 'millrace'
const SOFTWARE_VERSION = '0.1.0'

export interface BrokerAddress {
  host: string
  port: number
}

/** Whose requests go out: the broker knows them by name, and their meter counts them. */
export interface Requester {
  readonly clientId: string | null
  readonly meter: NetworkMeter
}

export interface ConnectionOptions extends Requester {
  /** How long the socket and the version handshake may take together. */
  setupTimeoutMs: number
  logger: Logger
  /** Gives up connecting. */
  signal?: AbortSignal
}

/**
 * One socket to one broker, after the version handshake. Requests are written in the order of the calls, those of one turn of
 * the event loop together; any number may be outstanding. A request that is not answered in time closes the connection,
 * since answers come in order.
 */
export class Connection {
  readonly address: BrokerAddress
  /** When the last byte was sent or received (performance.now). */
  lastUsed = performance.now()
  #socket: Socket
  readonly #owner: Requester
  readonly #logger: Logger
  readonly #pending = new PendingRequests(({ name, timeoutMs }) =>
    this.#fail(`${this.name} did not answer ${name} within ${timeoutMs} ms`),
  )
  #versions = ApiRanges.none
  #correlationId = 0
  #unwritten: Uint8Array[] = []
  #failure: ConnectionError | null = null
  #onClose: () => void = () => {}

  private constructor(address: BrokerAddress, options: ConnectionOptions) {
    this.address = address
    const responses = new ResponseReader(MAX_RESPONSE_BYTES, (frame) => this.#receive(frame))
    const onread = {
      buffer: () => responses.target(),
      callback: (count: number): boolean => {
        this.#take(responses, count)
        return true
      },
    }
    const socket = connectSocket({ host: address.host, port: address.port, onread })
    this.#socket = socket
    this.#owner = { clientId: options.clientId, meter: options.meter }
    this.#logger = options.logger
    options.meter.opened()
    socket.setNoDelay(true)
    socket.setKeepAlive(true, 60000)
    socket.on('error', (error) => this.#fail(`the connection to ${this.name} broke: ${error.message}`, error))
    socket.on('close', () => this.#fail(`${this.name} closed the connection`))
  }

  /** Connects and learns the broker's API versions. @throws ConnectionError, or ProtocolError when the broker refuses us. */
  static async open(address: BrokerAddress, options: ConnectionOptions): Promise<Connection> {
    const connection = new Connection(address, options)
    const onAbort = (): void => connection.close()
    options.signal?.addEventListener('abort', onAbort, { once: true })
    try {
      await connection.#connected(options.setupTimeoutMs)
      await connection.#negotiate(options.setupTimeoutMs)
      options.meter.ready()
      return connection
    } catch (error) {
      const isRefused = error instanceof ProtocolError && error.code === ErrorCode.SASL_AUTHENTICATION_FAILED
      if (isRefused) options.meter.authenticationFailed()
      connection.close()
      throw error
    } finally {
      options.signal?.removeEventListener('abort', onAbort)
    }
  }

  get name(): string {
    return `${this.address.host}:${this.address.port}`
  }

  get isOpen(): boolean {
    return this.#failure === null
  }

  /** Requests that wait for their answer. */
  get outstanding(): number {
    return this.#pending.size
  }

  /** Called once when the connection is gone, for whatever reason. */
  set onClose(listener: () => void) {
    this.#onClose = listener
    if (this.#failure !== null) listener()
  }

  /**
   * The newest version of an API that both sides know, at most `maxVersion`.
   * @throws ProtocolError (UNSUPPORTED_VERSION) when there is none.
   */
  version(api: ApiDefinition, maxVersion = api.maxVersion): number {
    const range = this.#versions.get(api)
    const newest = Math.min(api.maxVersion, maxVersion, range?.maxVersion ?? -1)
    if (range !== undefined && newest >= Math.max(api.minVersion, range.minVersion)) return newest
    const ours = `${api.minVersion} to ${Math.min(api.maxVersion, maxVersion)}`
    const theirs =
      range === undefined ? 'does not offer it' : `offers versions ${range.minVersion} to ${range.maxVersion}`
    throw new ProtocolError(
      ErrorCode.UNSUPPORTED_VERSION,
      `${api.name} in versions ${ours} is needed, but the broker at ${this.name} ${theirs}`,
    )
  }

  /** Whether the broker offers an API at all. */
  supports(api: ApiDefinition): boolean {
    return this.#versions.get(api) !== undefined
  }

  /**
   * Sends a request and resolves with its answer.
   * @param requester other than the connection's owner, when several clients share it
   * @throws ConnectionError when the connection breaks or time is over
   */
  send<Req extends Fields, Res extends Fields>(
    api: ApiDefinition<Req, Res>,
    version: number,
    body: Encodable<Req>,
    timeoutMs: number,
    requester: Requester = this.#owner,
  ): Promise<Decoded<Res>> {
    const decode = (frame: Uint8Array): Decoded<Res> => decodeResponse(api, version, frame).body
    return this.#exchange(api, version, body, timeoutMs, decode, requester)
  }

  /** Sends a request that the broker never answers (Produce with acks=0); resolves when the socket has taken it. */
  sendWithoutAnswer<Req extends Fields>(api: ApiDefinition<Req>, version: number, body: Encodable<Req>): Promise<void> {
    if (this.#failure !== null) return Promise.reject(this.#broken(false))
    const { clientId, meter } = this.#owner
    const chunks = encodeRequest(api, version, { correlationId: this.#nextId(), clientId }, body)
    this.#write(chunks, meter)
    this.#flush()
    return new Promise((resolve, reject) => {
      this.#socket.write('', (error) => (error ? reject(this.#broken(true)) : resolve()))
    })
  }

  /** What a client that shares this connection has asked fails; the others go on. */
  abandon(requester: Requester, error: Error): void {
    this.#pending.reject(requester, error)
  }

  /** Closes the socket; outstanding requests fail with a {@link ConnectionError}. */
  close(reason = 'the connection was closed by this client'): void {
    this.#fail(reason)
  }

  #exchange<Req extends Fields, T>(
    api: ApiDefinition<Req>,
    version: number,
    body: Encodable<Req>,
    timeoutMs: number,
    decode: (frame: Uint8Array) => T,
    requester: Requester = this.#owner,
  ): Promise<T> {
    if (this.#failure !== null) return Promise.reject(this.#broken(false))
    const { clientId, meter } = requester
    return new Promise<T>((resolve, reject) => {
      const correlationId = this.#nextId()
      // Encoded before anything is registered: a value that does not fit must harm nobody but this caller.
      const chunks = encodeRequest(api, version, { correlationId, clientId }, body)
      const complete = (frame: Uint8Array): void => {
        meter.answered(frame.length + FRAME_PREFIX_BYTES)
        try {
          resolve(decode(frame))
        } catch (error) {
          reject(error as Error)
          this.#fail(`the answer of ${this.name} to ${api.name} cannot be read: ${messageOf(error)}`, error)
        }
      }
      this.#pending.add(correlationId, { name: api.name, requester, timeoutMs, complete, reject })
      this.#write(chunks, meter)
    })
  }

  #write(chunks: readonly Uint8Array[], meter: NetworkMeter): void {
    this.lastUsed = performance.now()
    let bytes = 0
    for (const chunk of chunks) bytes += chunk.length
    meter.sent(bytes)
    // What else is asked in this turn of the event loop goes into the same system call.
    if (this.#unwritten.length === 0) process.nextTick(() => this.#flush())
    for (const chunk of chunks) this.#unwritten.push(chunk)
  }

  #flush(): void {
    const chunks = this.#unwritten
    this.#unwritten = []
    if (this.#failure === null) writeChunks(this.#socket, chunks)
  }

  #nextId(): number {
    this.#correlationId = (this.#correlationId + 1) & 0x7fffffff
    return this.#correlationId
  }

  async #connected(timeoutMs: number): Promise<void> {
    const timer = setTimeout(
      () => this.#fail(`${this.name} did not accept a connection within ${timeoutMs} ms`),
      timeoutMs,
    )
    try {
      await new Promise<void>((resolve, reject) => {
        this.#socket.once('connect', () => resolve())
        this.#onClose = () => reject(this.#broken(false))
      })
    } finally {
      clearTimeout(timer)
      this.#onClose = () => {}
    }
  }

  /** ApiVersions in our newest version; a broker that does not know it says so in version 0, with the range it knows. */
  async #negotiate(timeoutMs: number): Promise<void> {
    const body = { clientSoftwareName: SOFTWARE_NAME, clientSoftwareVersion: SOFTWARE_VERSION }
    let version = Math.min(3, ApiVersions.maxVersion)
    for (let round = 0; round < 2; round++) {
      const asked = version
      const answer = await this.#exchange(ApiVersions, asked, body, timeoutMs, (frame) => {
        const kept = ApiRanges.kept(asked, frame)
        if (kept !== null) return kept
        const unsupported = frame.length >= 6 && ((frame[4] as number) << 8) + (frame[5] as number) === 35
        const read = decodeResponse(ApiVersions, unsupported ? 0 : asked, frame).body
        return read.errorCode === ErrorCode.NONE ? ApiRanges.keep(asked, frame, read.apiKeys) : read
      })
      if (answer instanceof ApiRanges) {
        this.#versions = answer
        return
      }
      if (answer.errorCode === ErrorCode.UNSUPPORTED_VERSION && round === 0) {
        const offered = answer.apiKeys.find(({ apiKey }) => apiKey === ApiVersions.key)
        version = Math.min(version - 1, offered?.maxVersion ?? 0)
        continue
      }
      throw new ProtocolError(answer.errorCode)
    }
  }

  #take(responses: ResponseReader, count: number): void {
    if (this.#failure !== null) return
    this.lastUsed = performance.now()
    try {
      responses.received(count)
    } catch (error) {
      this.#fail(`${this.name} sent something that is not a Kafka response: ${messageOf(error)}`, error)
    }
  }

  #receive(frame: Uint8Array): void {
    // What follows a response that could not be read is not looked at.
    if (this.#failure !== null) return
    const id = correlationIdOf(frame)
    const pending = this.#pending.take(id)
    if (pending === undefined) throw new Error(`it answers request ${id}, which was not asked`)
    pending.complete(frame)
  }

  #fail(message: string, cause?: unknown): void {
    if (this.#failure !== null) return
    this.#failure = new ConnectionError(message, true, cause === undefined ? {} : { cause })
    this.#socket.destroy()
    this.#owner.meter.closed()
    this.#logger.debug({ broker: this.name }, message)
    this.#pending.rejectAll(() => this.#broken(true))
    this.#onClose()
  }

  #broken(sent: boolean): ConnectionError {
    const failure = this.#failure ?? new ConnectionError(`the connection to ${this.name} is closed`, sent)
    return new ConnectionError(failure.message, sent, { cause: failure })
  }
}
