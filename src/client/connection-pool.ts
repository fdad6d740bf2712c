import { Backoff } from '../base/backoff.ts'
import { pause } from '../base/deadline.ts'
import type { Logger } from '../base/logger.ts'
import { type BrokerAddress, Connection, type Requester } from './connection.ts'
import { ClosedError, ConnectionError } from './errors.ts'
import { now, throwIfAborted, type WaitLimits, waitFor } from './waits.ts'

/** What makes one connection to a broker like another. */
export interface ConnectionSettings {
  setupTimeoutMs: number
  reconnectBackoffMs: number
  reconnectBackoffMaxMs: number
  /** Connections without traffic for this long are closed; -1 never. */
  maxIdleMs: number
}

export interface PoolOptions extends ConnectionSettings, Requester {
  logger: Logger
}

interface Slot {
  readonly address: BrokerAddress
  readonly purpose: string
  readonly backoff: Backoff
  /** Fires when the slot is given up. */
  readonly abort: AbortController
  connection: Connection | null
  connecting: Promise<Connection> | null
  notBefore: number
}

/**
 * Connections by broker and purpose. A purpose keeps requests that may block (a long-polling Fetch, a JoinGroup) out of
 * the way of others: a broker answers the requests of one connection strictly one after the other.
 */
export class ConnectionPool {
  readonly #options: PoolOptions
  readonly #slots = new Map<string, Slot>()
  readonly #idleTimer: NodeJS.Timeout | null
  #isClosed = false

  constructor(options: PoolOptions) {
    this.#options = options
    const { maxIdleMs } = options
    this.#idleTimer = maxIdleMs < 0 ? null : setInterval(() => this.#closeIdle(), Math.max(1000, maxIdleMs / 4)).unref()
  }

  /** The connection to a broker for a purpose, made if need be, waiting out the backoff after failures. */
  async get(address: BrokerAddress, purpose: string, limits: WaitLimits = {}): Promise<Connection> {
    const what = `connecting to ${address.host}:${address.port}`
    if (this.#isClosed) throw new ClosedError('the client')
    throwIfAborted(limits.signal, what)
    const open = this.peek(address, purpose)
    if (open !== null) return open
    const slot = this.#slot(address, purpose)
    slot.connecting ??= this.#connect(slot)
    return waitFor(slot.connecting, limits, what)
  }

  /** The open connection to a broker for a purpose, if there is one. */
  peek(address: BrokerAddress, purpose: string): Connection | null {
    const connection = this.#slots.get(keyOf(address, purpose))?.connection ?? null
    return connection?.isOpen === true ? connection : null
  }

  /** Closes all connections of a purpose. */
  release(purpose: string): void {
    for (const [key, slot] of this.#slots) {
      if (slot.purpose !== purpose) continue
      this.#slots.delete(key)
      slot.abort.abort()
      slot.connection?.close()
    }
  }

  /** What one of several clients has asked over these connections fails. */
  abandon(requester: Requester): void {
    for (const { connection } of this.#slots.values()) connection?.abandon(requester, new ClosedError('the client'))
  }

  close(): void {
    this.#isClosed = true
    if (this.#idleTimer !== null) clearInterval(this.#idleTimer)
    for (const slot of this.#slots.values()) {
      slot.abort.abort()
      slot.connection?.close('the client was closed')
    }
    this.#slots.clear()
  }

  #slot(address: BrokerAddress, purpose: string): Slot {
    const key = keyOf(address, purpose)
    let slot = this.#slots.get(key)
    if (slot === undefined) {
      const backoff = new Backoff(this.#options.reconnectBackoffMs, this.#options.reconnectBackoffMaxMs)
      slot = {
        address,
        purpose,
        backoff,
        abort: new AbortController(),
        connection: null,
        connecting: null,
        notBefore: 0,
      }
      this.#slots.set(key, slot)
    }
    return slot
  }

  #connect(slot: Slot): Promise<Connection> {
    const attempt = this.#open(slot).finally(() => {
      slot.connecting = null
    })
    // The caller may have given up meanwhile; its own wait reports the failure.
    attempt.catch(() => {})
    return attempt
  }

  async #open(slot: Slot): Promise<Connection> {
    const delay = slot.notBefore - now()
    const { signal } = slot.abort
    if (delay > 0) await pause(delay, signal)
    if (signal.aborted) throw new ClosedError('the connection')
    const { clientId, setupTimeoutMs, meter, logger } = this.#options
    let connection: Connection
    try {
      connection = await Connection.open(slot.address, { clientId, setupTimeoutMs, meter, logger, signal })
    } catch (error) {
      slot.notBefore = now() + slot.backoff.next()
      if (!(error instanceof ConnectionError)) throw error
      // Nothing but the handshake was sent.
      throw new ConnectionError(error.message, false, { cause: error })
    }
    if (signal.aborted) {
      connection.close()
      throw new ClosedError('the connection')
    }
    slot.backoff.reset()
    slot.connection = connection
    connection.onClose = () => {
      slot.connection = null
      slot.notBefore = now() + slot.backoff.next()
    }
    return connection
  }

  #closeIdle(): void {
    const limit = now() - this.#options.maxIdleMs
    for (const { connection } of this.#slots.values()) {
      if (connection !== null && connection.outstanding === 0 && connection.lastUsed < limit) connection.close('idle')
    }
  }
}

function keyOf(address: BrokerAddress, purpose: string): string {
  return `${address.host}:${address.port} ${purpose}`
}
