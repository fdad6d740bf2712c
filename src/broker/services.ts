import type { Logger } from '../base/logger.ts'
import type { FrameMemory } from '../net/index.ts'
import type { BrokerConfig } from './config/broker-config.ts'
import type { Listener } from './config/listeners.ts'
import type { GroupCoordinator } from './groups/coordinator.ts'
import type { LogManager } from './log/log-manager.ts'
import type { MetadataStore } from './metadata-store.ts'
import type { ProducerIds } from './producer-ids.ts'
import type { ResponseBudget } from './server/response-budget.ts'
import type { Topics } from './topics.ts'

/** The range of versions that is offered of an API. */
export interface ApiRange {
  readonly apiKey: number
  readonly minVersion: number
  readonly maxVersion: number
}

/** What the handlers work on. Made once a broker. */
export interface BrokerServices {
  readonly config: BrokerConfig
  readonly clusterId: string
  readonly topics: Topics
  readonly logs: LogManager
  readonly groups: GroupCoordinator
  readonly producerIds: ProducerIds
  readonly store: MetadataStore
  /** What answers may take of the memory. */
  readonly responses: ResponseBudget
  /** Where large requests and answers lie; what answers took of it is given back when it was sent. */
  readonly memory: FrameMemory
  readonly logger: Logger
  /** Everything that ApiVersions reports, by key. */
  readonly apiRanges: readonly ApiRange[]
  /** The address that clients of a listener are told. */
  advertised(listener: string): Listener
}
