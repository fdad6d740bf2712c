import type { Herder, RequestSignature } from '../../src/runtime/index.ts'

/** A herder that answers with fixed values; single methods are overridden per test. Keeps the calls it got. */
export interface FakeHerder extends Herder {
  readonly calls: [string, ...unknown[]][]
}

const info = { name: 'c', config: { name: 'c', 'connector.class': 'X' }, tasks: [], type: 'source' } as const
const state = { state: 'RUNNING', worker_id: 'h:1', version: '1' } as const

export function fakeHerder(overrides: Partial<Herder> = {}): FakeHerder {
  const calls: [string, ...unknown[]][] = []
  const note = <T>(name: string, answer: T) => {
    return async (...args: unknown[]): Promise<T> => {
      calls.push([name, ...args])
      return answer
    }
  }
  const status = { name: 'c', connector: state, tasks: [{ id: 0, ...state }], type: 'source' } as const
  return {
    calls,
    connectors: note('connectors', ['a', 'b']),
    connectorInfo: note('connectorInfo', info),
    connectorConfig: note('connectorConfig', info.config),
    putConnector: note('putConnector', { created: true, info }),
    patchConnectorConfig: note('patchConnectorConfig', info),
    deleteConnector: note('deleteConnector', undefined),
    connectorStatus: note('connectorStatus', status),
    taskStatus: note('taskStatus', { id: 0, ...state }),
    taskConfigs: note('taskConfigs', []),
    pauseConnector: note('pauseConnector', undefined),
    resumeConnector: note('resumeConnector', undefined),
    stopConnector: note('stopConnector', undefined),
    restartConnector: note('restartConnector', null),
    restartTask: note('restartTask', undefined),
    activeTopics: note('activeTopics', ['t']),
    resetActiveTopics: note('resetActiveTopics', undefined),
    connectorOffsets: note('connectorOffsets', []),
    alterOffsets: note('alterOffsets', { message: 'altered' }),
    resetOffsets: note('resetOffsets', { message: 'reset' }),
    plugins: note('plugins', [{ class: 'X', type: 'source', version: '1' } as const]),
    pluginConfig: note('pluginConfig', []),
    validateConfig: note('validateConfig', { name: 'X', error_count: 0, groups: [], configs: [] }),
    putTaskConfigs: async (name, configs, signature: RequestSignature) => {
      calls.push(['putTaskConfigs', name, configs, { ...signature, body: Buffer.from(signature.body).toString() }])
    },
    fenceZombies: async (name, signature: RequestSignature) => {
      calls.push(['fenceZombies', name, { ...signature, body: Buffer.from(signature.body).toString() }])
    },
    loggers: note('loggers', { root: { level: 'INFO', last_modified: null } }),
    loggerLevel: note('loggerLevel', { level: 'INFO', last_modified: null }),
    setLoggerLevel: note('setLoggerLevel', ['root']),
    serverInfo: note('serverInfo', { version: '1', commit: 'c', kafka_cluster_id: 'k' }),
    health: note('health', { status: 'healthy', message: 'fine' } as const),
    counters: note('counters', []),
    stage: () => null,
    ...overrides,
  }
}
