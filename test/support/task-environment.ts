import { type Logger, silentLogger } from '../../src/base/logger.ts'
import {
  config,
  defineConverter,
  defineHeaderConverter,
  defineTransform,
  isUtf8,
  type Transform,
  utf8Text,
} from '../../src/connect/index.ts'
import { PluginRegistry } from '../../src/runtime/plugins/plugin-registry.ts'
import { PluginCallError, type PluginScope } from '../../src/runtime/plugins/plugin-scope.ts'
import type { OffsetStores } from '../../src/runtime/tasks/offset-stores.ts'
import { TaskControl } from '../../src/runtime/tasks/task-control.ts'
import type { TaskEnvironment } from '../../src/runtime/tasks/task-environment.ts'
import { RecordingListener, testWorkerConfig } from './task-runner.ts'

export interface FakeEnvironmentOptions {
  readonly props?: Record<string, string>
  readonly worker?: Record<string, string>
  readonly paused?: boolean
  /** What the transform `test.Transform` does. */
  readonly apply?: Transform['apply']
  /** Thrown by the value converter. */
  readonly onConvert?: () => void
  /** The converters store texts as they are. */
  readonly raw?: boolean
  /** Default: nothing is logged. */
  readonly logger?: Logger
}

export interface FakeEnvironment {
  readonly env: TaskEnvironment
  readonly control: TaskControl
  readonly listener: RecordingListener
}

/** Surroundings of a task loop without a broker or a thread: all converters take texts. */
export function fakeEnvironment(options: FakeEnvironmentOptions = {}): FakeEnvironment {
  const {
    props = {},
    worker = {},
    paused = false,
    apply = (record) => record,
    onConvert = () => {},
    raw = false,
    logger = silentLogger,
  } = options
  const control = new TaskControl(paused)
  const listener = new RecordingListener()
  const connectorProps = {
    name: 'c',
    topics: 'test',
    'key.converter': CONVERTER,
    'value.converter': CONVERTER,
    'header.converter': HEADER_CONVERTER,
    ...props,
  }
  const env: TaskEnvironment = {
    id: { connector: 'c', task: 0 },
    connectorProps,
    taskProps: {},
    config: testWorkerConfig('127.0.0.1:1', { 'offset.flush.interval.ms': '60000', ...worker }),
    registry: registryOf(apply, onConvert, raw),
    scope: fakeScope(),
    control,
    listener,
    logger,
    offsets: { forTask: () => noOffsets } as unknown as OffsetStores,
    callTimeoutMs: 5000,
  }
  return { env, control, listener }
}

const noOffsets = { read: () => Promise.resolve([]), write: () => Promise.resolve(), close: () => Promise.resolve() }

function fakeScope(): PluginScope {
  const owner = { kind: 'task', name: 'c', task: 0, pluginClass: 'test.Task' } as const
  const scope: Partial<PluginScope> = {
    owner,
    async call<T>(hook: string, call: () => T | Promise<T>): Promise<Awaited<T>> {
      try {
        return await call()
      } catch (error) {
        throw error instanceof PluginCallError ? error : new PluginCallError(owner, hook, error)
      }
    },
    run: (_hook, call) => call(),
    close: () => {},
  }
  return scope as PluginScope
}

/** The class that the loops' plugins are looked up by. */
const CONVERTER = 'test.Text'
const HEADER_CONVERTER = 'test.TextHeaders'

function registryOf(apply: Transform['apply'], onConvert: () => void, raw: boolean): PluginRegistry {
  const text = (bytes: Uint8Array | null): string | null => (bytes === null ? null : utf8Text(bytes, 0, bytes.length))
  const bytes = (value: unknown): Uint8Array | null =>
    value === null || value === undefined
      ? null
      : Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
  const registry = new PluginRegistry()
  const common = { version: '1.0.0', summary: 'For tests.', config: config({}) }
  registry.add(
    defineConverter({
      ...common,
      class: CONVERTER,
      create: (_props, use) => ({
        raw: raw ? { format: 'string', accepts: isUtf8 } : null,
        fromConnectData(_topic, _schema, value) {
          if (use === 'value') onConvert()
          return bytes(value)
        },
        toConnectData(_topic, data) {
          if (use === 'value') onConvert()
          return { schema: null, value: text(data) }
        },
      }),
    }),
  )
  registry.add(
    defineHeaderConverter({
      ...common,
      class: HEADER_CONVERTER,
      create: () => ({
        fromConnectHeader: (_topic, _key, _schema, value) => bytes(value),
        toConnectHeader: (_topic, _key, data) => ({ schema: null, value: text(data) }),
      }),
    }),
  )
  registry.add(defineTransform({ ...common, class: 'test.Transform', create: () => ({ apply }) }))
  return registry
}
