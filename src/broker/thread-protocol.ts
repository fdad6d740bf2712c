import type { LogLevel } from '../base/logger.ts'
import type { Listener } from './config/listeners.ts'

/** What a broker thread is started with. */
export interface BrokerThreadData {
  readonly properties: Record<string, string>
  readonly logLevel: LogLevel
}

/** What a broker thread says, once: it is ready, or it could not start. */
export type BrokerMessage =
  | { readonly kind: 'ready'; readonly listeners: readonly Listener[]; readonly clusterId: string }
  | { readonly kind: 'failed'; readonly name: string; readonly text: string }
