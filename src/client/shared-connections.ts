import { silentLogger } from '../base/logger.ts'
import type { Requester } from './connection.ts'
import { ConnectionPool, type ConnectionSettings } from './connection-pool.ts'
import { NetworkMeter } from './network-meter.ts'
import { defaultSensorSettings } from '../base/sensor.ts'

interface SharedPool {
  readonly pool: ConnectionPool
  users: number
}

const pools = new Map<string, SharedPool>()

/** A client's right to use the connections that the clients of its thread have in common. */
export interface SharedConnections {
  readonly pool: ConnectionPool
  /** What the client has asked fails. Call once; the last one closes the connections. */
  release(requester: Requester): void
}

/**
 * The connections, one a broker, that all clients of this thread with the same settings use together. They are for requests
 * that a broker answers at once: behind one that waits, those of all others would wait too. With a thousand members of groups
 * in a worker, a connection and a system call for each heartbeat is most of what an idle sink task costs.
 */
export function shareConnections(settings: ConnectionSettings): SharedConnections {
  const { setupTimeoutMs, reconnectBackoffMs, reconnectBackoffMaxMs, maxIdleMs } = settings
  const key = JSON.stringify([setupTimeoutMs, reconnectBackoffMs, reconnectBackoffMaxMs, maxIdleMs])
  let shared = pools.get(key)
  if (shared === undefined) {
    // Requests go out in the name of who asks, and are counted there: only the handshake is nobody's.
    const nobody = { clientId: 'millrace', meter: new NetworkMeter(defaultSensorSettings), logger: silentLogger }
    const pool = new ConnectionPool({ setupTimeoutMs, reconnectBackoffMs, reconnectBackoffMaxMs, maxIdleMs, ...nobody })
    shared = { pool, users: 0 }
    pools.set(key, shared)
  }
  const used = shared
  used.users++
  return {
    pool: used.pool,
    release(requester) {
      if (--used.users > 0) {
        used.pool.abandon(requester)
        return
      }
      used.pool.close()
      pools.delete(key)
    },
  }
}
