import { WorkerConfigError } from '../errors.ts'
import { type WorkerConfig, workerConfig } from '../worker-config.ts'

const FILE = 'offset.storage.file.filename'

/** What only a worker of a cluster needs, and a standalone one may leave out; nothing reads these. */
const withoutCluster = {
  'group.id': '',
  'config.storage.topic': '',
  'offset.storage.topic': '',
  'status.storage.topic': '',
  // Nobody leaves a group of one.
  'scheduled.rebalance.max.delay.ms': '0',
  // The sessioned protocol makes keys for internal requests, which there are none of.
  'connect.protocol': 'compatible',
} as const

/** Parses and checks a standalone worker's properties. Throws {@link WorkerConfigError} that names every faulty one. */
export function standaloneConfig(props: Readonly<Record<string, string>>): {
  readonly config: WorkerConfig
  /** Path of the file with the source offsets. */
  readonly offsetFile: string
} {
  const offsetFile = props[FILE]?.trim() ?? ''
  const errors: Record<string, readonly string[]> = {}
  if (offsetFile === '') {
    errors[FILE] = [
      `Missing required configuration "${FILE}" which has no default value: the file that a standalone worker keeps source offsets in`,
    ]
  }
  let config: WorkerConfig | null = null
  try {
    config = workerConfig({ ...props, ...withoutCluster })
  } catch (error) {
    if (!(error instanceof WorkerConfigError)) throw error
    Object.assign(errors, error.errors)
  }
  if (config === null || offsetFile === '') throw new WorkerConfigError(errors)
  return { config: { ...config, properties: props }, offsetFile }
}
