import { Backoff } from '../base/backoff.ts'
import { pause } from '../base/deadline.ts'
import { ErrorCode, ProtocolError } from '../protocol/errors.ts'
import { FindCoordinator } from '../protocol/messages/find-coordinator.ts'
import { Metadata } from '../protocol/messages/metadata.ts'
import type { Decoded, Encodable, Fields } from '../protocol/schema/field.ts'
import type { ApiDefinition } from '../protocol/schema/message.ts'
import type { BrokerAddress, Connection, Requester } from './connection.ts'
import { ConnectionPool, type ConnectionSettings } from './connection-pool.ts'
import { ClientTimeoutError, ClosedError, ConnectionError, isRetriable, messageOf } from './errors.ts'
import { MetadataCache } from './metadata.ts'
import { type ClientOptions, parseServer, type ResolvedClientOptions, resolveClientOptions } from './options.ts'
import { NetworkMeter } from './network-meter.ts'
import { type SharedConnections, shareConnections } from './shared-connections.ts'
import { now, throwIfAborted, waitFor } from './waits.ts'

/** What a request on a connection that clients share has at least, before it takes the connection with it. */
const LEAST_SHARED_TIMEOUT_MS = 1000

/** Whom a request goes to: a node by id, whoever answers, the controller, or the coordinator of a group. */
export type Target = number | 'any' | 'controller' | { group: string }

export interface RequestOptions {
  node: Target
  /** Bound on everything, connecting included; default `request.timeout.ms`. */
  timeoutMs?: number
  signal?: AbortSignal | undefined
  /** Highest version to use, when newer ones mean something else. */
  maxVersion?: number
  /** Requests of different purposes never share a connection; default `main`. */
  purpose?: string
  /**
   * Goes over the connection that the clients of this thread have in common: only what a broker answers at once, since one
   * that waits would hold up what others ask. Without a purpose.
   */
  isShared?: boolean
  /**
   * What to send again after a broken connection: `unsent` (default) only what cannot have reached the broker,
   * `always` also what may have, `never` nothing.
   */
  resend?: 'never' | 'unsent' | 'always'
}

export interface RetryOptions {
  timeoutMs?: number
  signal?: AbortSignal | undefined
  /** For messages: what is being done, such as `creating topic a`. */
  what: string
}

/** A client's view of a cluster: connections, metadata, and requests routed to the right broker. Close it at the end. */
export class Cluster {
  readonly options: ResolvedClientOptions
  readonly metadata: MetadataCache
  /** Counts what the connections do. */
  readonly meter: NetworkMeter
  readonly #requester: Requester
  readonly #connectionSettings: ConnectionSettings
  readonly #pool: ConnectionPool
  #shared: SharedConnections | null = null
  readonly #bootstrap: BrokerAddress[]
  readonly #coordinators = new Map<string, BrokerAddress>()
  readonly #closing = new AbortController()
  #rotation = Math.floor(Math.random() * 1000)
  #instances = 0

  constructor(options: ClientOptions) {
    this.options = resolveClientOptions(options)
    this.#bootstrap = this.options.bootstrapServers.map(parseServer)
    this.meter = new NetworkMeter(this.options.sensors)
    this.#requester = { clientId: this.options.clientId, meter: this.meter }
    this.#connectionSettings = {
      setupTimeoutMs: this.options.connectionSetupTimeoutMs,
      reconnectBackoffMs: this.options.reconnectBackoffMs,
      reconnectBackoffMaxMs: this.options.reconnectBackoffMaxMs,
      maxIdleMs: this.options.connectionsMaxIdleMs,
    }
    const { logger } = this.options
    this.#pool = new ConnectionPool({ ...this.#connectionSettings, ...this.#requester, logger })
    this.metadata = new MetadataCache(
      (body) => this.request(Metadata, body, { node: 'any', isShared: true, resend: 'always' }),
      this.options.metadataMaxAgeMs,
    )
  }

  get isClosed(): boolean {
    return this.#closing.signal.aborted
  }

  /** Fires when the cluster is closed. */
  get closed(): AbortSignal {
    return this.#closing.signal
  }

  /** A purpose that nobody else uses, for a part that needs connections of its own. */
  newPurpose(kind: string): string {
    return `${kind}-${++this.#instances}`
  }

  /** Sends one request to the broker that `options.node` names and resolves with its decoded answer, error codes included. */
  async request<Req extends Fields, Res extends Fields>(
    api: ApiDefinition<Req, Res>,
    body: Encodable<Req>,
    options: RequestOptions,
  ): Promise<Decoded<Res>> {
    const { resend = 'unsent', signal, isShared = false } = options
    const deadline = now() + (options.timeoutMs ?? this.options.requestTimeoutMs)
    const what = `${api.name} request`
    let backoff: Backoff | null = null
    let lastError: unknown = null
    for (let attempt = 0; ; attempt++) {
      this.#throwIfClosed()
      throwIfAborted(signal, what)
      try {
        const found = this.#openConnection(options, attempt) ?? this.#connect(options, attempt, deadline)
        const connection = found instanceof Promise ? await found : found
        const version = connection.version(api, options.maxVersion)
        const timeoutMs = Math.max(1, Math.ceil(deadline - now()))
        // A connection is given up with the first request that is out of time, which may be soon for this one alone.
        const patienceMs = isShared ? Math.max(LEAST_SHARED_TIMEOUT_MS, timeoutMs) : timeoutMs
        const answer = connection.send(api, version, body, patienceMs, this.#requester)
        return await waitFor(answer, patienceMs > timeoutMs ? { signal, deadline } : { signal }, what)
      } catch (error) {
        this.#throwIfClosed()
        const again = error instanceof ConnectionError && (resend === 'always' || (resend === 'unsent' && !error.sent))
        // Time ran out before the next attempt: why the one before failed says more.
        if (error instanceof ClientTimeoutError && lastError !== null) throw lastError
        if (!again) throw error
        lastError = error
        await this.#afterBrokenConnection(options.node, attempt, deadline, error)
        if (now() >= deadline) throw error
        // A cluster has other brokers to ask at once.
        const rounds = options.node === 'any' ? this.#candidates().length : 1
        if ((attempt + 1) % rounds !== 0) continue
        backoff ??= new Backoff(this.options.retryBackoffMs, this.options.retryBackoffMaxMs)
        await this.#pause(Math.min(backoff.next(), deadline - now()), signal)
      }
    }
  }

  /** The connection to a node for a purpose, for those who send several requests in a fixed order. */
  async connection(
    node: number,
    purpose: string,
    options: { timeoutMs?: number; signal?: AbortSignal | undefined } = {},
  ): Promise<Connection> {
    this.#throwIfClosed()
    const deadline = now() + (options.timeoutMs ?? this.options.requestTimeoutMs)
    return this.#pool.get(await this.#addressOf(node), purpose, { deadline, signal: options.signal })
  }

  /** Closes the connections of a purpose. */
  release(purpose: string): void {
    this.#pool.release(purpose)
  }

  /**
   * Calls `operation` until it succeeds, as long as its error says `retriable`, with growing pauses; at most
   * `default.api.timeout.ms` unless told otherwise. The last error is thrown, or is the cause of a timeout.
   */
  async retry<T>(operation: (remainingMs: number) => Promise<T>, options: RetryOptions): Promise<T> {
    const { what, signal, timeoutMs = this.options.defaultApiTimeoutMs } = options
    const deadline = now() + timeoutMs
    const backoff = new Backoff(this.options.retryBackoffMs, this.options.retryBackoffMaxMs)
    for (;;) {
      this.#throwIfClosed()
      throwIfAborted(signal, what)
      try {
        return await waitFor(operation(Math.max(1, deadline - now())), { signal, deadline }, what)
      } catch (error) {
        this.#throwIfClosed()
        if (!isRetriable(error)) throw error
        const delay = backoff.next()
        if (now() + delay >= deadline) {
          if (error instanceof ProtocolError) throw error
          throw new ClientTimeoutError(`${what} did not succeed within ${timeoutMs} ms: ${messageOf(error)}`, {
            cause: error,
          })
        }
        await this.#pause(delay, signal)
      }
    }
  }

  /** Number of partitions of a topic. @throws ProtocolError when it does not exist (after retries). */
  async partitionCount(topic: string, options: { create?: boolean; signal?: AbortSignal } = {}): Promise<number> {
    return (await this.topic(topic, options)).partitions.length
  }

  /** A topic's metadata, waiting until its creation is finished. @throws ProtocolError when it does not exist. */
  async topic(name: string, options: { create?: boolean; signal?: AbortSignal; timeoutMs?: number } = {}) {
    const known = this.metadata.peek(name)
    if (known !== undefined && !this.metadata.isStale(name)) return known
    const { create = false, signal, timeoutMs } = options
    const look = async () => {
      try {
        return await this.metadata.topic(name, { create })
      } catch (error) {
        // Retriable in general, since a creation may be under way; without one there is nothing to wait for.
        const isMissing = error instanceof ProtocolError && error.code === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
        if (isMissing && !create) return error
        throw error
      }
    }
    const found = await this.retry(look, {
      what: `looking up topic ${name}`,
      signal,
      ...optional('timeoutMs', timeoutMs),
    })
    if (found instanceof ProtocolError) throw found
    return found
  }

  /** Node id of the leader of a partition. @throws ProtocolError when there is no such partition. */
  async leader(topic: string, partition: number, options: { signal?: AbortSignal } = {}): Promise<number> {
    const find = async (): Promise<number> => {
      const { partitions } = await this.metadata.topic(topic)
      const found = partitions[partition]
      if (found === undefined) {
        throw new ProtocolError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `topic ${topic} has no partition ${partition}`)
      }
      if (found.leader === -1) {
        this.metadata.invalidate(topic)
        throw new ProtocolError(ErrorCode.LEADER_NOT_AVAILABLE, `partition ${topic}-${partition} has no leader`)
      }
      return found.leader
    }
    return this.retry(find, { what: `finding the leader of ${topic}-${partition}`, ...options })
  }

  /** Id of the cluster, null from brokers that have none. */
  async clusterId(): Promise<string | null> {
    if (this.metadata.clusterId === null) await this.metadata.refresh()
    return this.metadata.clusterId
  }

  /** Whether the coordinator of a group is known, so that a request to it needs no look-up. */
  knowsCoordinator(group: string): boolean {
    return this.#coordinators.has(group)
  }

  /** Call when a broker says that it is not the coordinator of a group; the next request asks anew. */
  forgetCoordinator(group: string): void {
    this.#coordinators.delete(group)
  }

  /** Closes all connections at once. Whatever is still outstanding fails. */
  close(): Promise<void> {
    this.#closing.abort()
    this.#pool.close()
    this.#shared?.release(this.#requester)
    this.#shared = null
    return Promise.resolve()
  }

  /** The connection for a request, if it is open and nothing has to be found out first: most requests of an idle client. */
  #openConnection({ node, isShared = false, purpose }: RequestOptions, attempt: number): Connection | null {
    const pool = isShared ? this.#sharedPool() : this.#pool
    const name = purpose ?? (isShared ? 'shared' : 'main')
    let address: BrokerAddress | undefined
    if (node === 'any') address = this.#anyAddress(pool, name, attempt)
    else if (node === 'controller') address = this.metadata.brokers.get(this.metadata.controllerId)
    else address = typeof node === 'number' ? this.metadata.brokers.get(node) : this.#coordinators.get(node.group)
    return address === undefined ? null : pool.peek(address, name)
  }

  async #connect(options: RequestOptions, attempt: number, deadline: number): Promise<Connection> {
    const { node, isShared = false, purpose = isShared ? 'shared' : 'main' } = options
    const pool = isShared ? this.#sharedPool() : this.#pool
    // Own connections end when this client is closed, shared ones go on.
    const signal = isShared ? this.#orClosed(options.signal) : options.signal
    const limits = { deadline, signal }
    if (node === 'any') return pool.get(this.#anyAddress(pool, purpose, attempt), purpose, limits)
    if (node === 'controller') return pool.get(await this.#controller(), purpose, limits)
    if (typeof node === 'number') return pool.get(await this.#addressOf(node), purpose, limits)
    return pool.get(await this.#coordinator(node.group, deadline, options.signal), purpose, limits)
  }

  #orClosed(signal: AbortSignal | undefined): AbortSignal {
    return signal === undefined ? this.closed : AbortSignal.any([signal, this.closed])
  }

  #sharedPool(): ConnectionPool {
    this.#shared ??= shareConnections(this.#connectionSettings)
    return this.#shared.pool
  }

  #candidates(): BrokerAddress[] {
    const known = [...this.metadata.brokers.values()]
    const others = this.#bootstrap.filter((b) => !known.some(({ host, port }) => host === b.host && port === b.port))
    return [...known, ...others]
  }

  #anyAddress(pool: ConnectionPool, purpose: string, attempt: number): BrokerAddress {
    const candidates = this.#candidates()
    const open = attempt === 0 ? candidates.find((address) => pool.peek(address, purpose) !== null) : undefined
    return open ?? (candidates[(this.#rotation + attempt) % candidates.length] as BrokerAddress)
  }

  async #addressOf(node: number): Promise<BrokerAddress> {
    let broker = this.metadata.brokers.get(node)
    if (broker === undefined) {
      await this.metadata.refresh()
      broker = this.metadata.brokers.get(node)
    }
    if (broker === undefined)
      throw new ConnectionError(`the cluster has no broker with node id ${node} at the moment`, false)
    return broker
  }

  async #controller(): Promise<BrokerAddress> {
    if (!this.metadata.brokers.has(this.metadata.controllerId)) await this.metadata.refresh()
    const controller = this.metadata.brokers.get(this.metadata.controllerId)
    if (controller === undefined) throw new ConnectionError('the cluster has no controller at the moment', false)
    return controller
  }

  async #coordinator(group: string, deadline: number, signal: AbortSignal | undefined): Promise<BrokerAddress> {
    const known = this.#coordinators.get(group)
    if (known !== undefined) return known
    const find = async (): Promise<BrokerAddress> => {
      const body = { key: group, keyType: 0, coordinatorKeys: [group] }
      const timeoutMs = Math.max(1, deadline - now())
      const limits = { node: 'any', isShared: true, resend: 'always', timeoutMs, signal } as const
      const answer = await this.request(FindCoordinator, body, limits)
      const found = answer.coordinators[0] ?? answer
      if (found.errorCode !== ErrorCode.NONE) throw new ProtocolError(found.errorCode, found.errorMessage)
      return { host: found.host, port: found.port }
    }
    const what = `finding the coordinator of group ${group}`
    const coordinator = await this.retry(find, { what, signal, timeoutMs: Math.max(1, deadline - now()) })
    this.#coordinators.set(group, coordinator)
    return coordinator
  }

  /** What was believed about the cluster may be wrong: learn it anew before the next attempt. */
  async #afterBrokenConnection(node: Target, attempt: number, deadline: number, error: unknown): Promise<void> {
    this.#rotation++
    if (node === 'any') return
    if (typeof node === 'object') {
      this.forgetCoordinator(node.group)
      return
    }
    try {
      await waitFor(this.metadata.refresh(), { deadline, signal: this.closed }, 'refreshing metadata')
    } catch (cause) {
      this.options.logger.debug({ err: cause, attempt, first: messageOf(error) }, 'Metadata could not be refreshed')
    }
  }

  async #pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
    await pause(Math.max(0, ms), this.#orClosed(signal))
  }

  #throwIfClosed(): void {
    if (this.isClosed) throw new ClosedError('the client')
  }
}

/** A client's view of the cluster behind `options.bootstrapServers`; connects when first used. @throws ClientConfigError */
export function createCluster(options: ClientOptions): Cluster {
  return new Cluster(options)
}

/** An object with a property only if it has a value, for options where undefined is not the same as missing. */
function optional<K extends string, V>(key: K, value: V | undefined): Partial<Record<K, V>> {
  return value === undefined ? {} : ({ [key]: value } as Record<K, V> as Partial<Record<K, V>>)
}
