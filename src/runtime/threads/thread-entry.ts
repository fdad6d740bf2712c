import { parentPort, workerData } from 'node:worker_threads'
import { giveMemoryBackWhenIdle } from '../../base/idle-memory.ts'
import { createLogger, levelsOf } from '../../base/logger.ts'
import { hideInLogs } from '../../base/secrets.ts'
import { presentable } from '../../base/thrown.ts'
import { traceOf } from '../errors/trace.ts'
import { CallMarker } from '../plugins/call-marker.ts'
import { attributeStrayError, currentPluginCall } from '../plugins/plugin-scope.ts'
import type { TaskRunnerListener } from '../task-runner.ts'
import { toErrorData } from './error-data.ts'
import type { FromThread, ListenerEvent, ThreadStart, ToThread } from './messages.ts'
import { exposeCurrentCall } from './current-call.ts'
import { exposeHeldMemory } from './held-memory.ts'
import { PortOffsetStore } from './offset-port.ts'
import { TaskHost } from './task-host.ts'

/** What runs in a task thread: a host that answers the main thread's calls and pings. */
function main(): void {
  if (parentPort === null) throw new Error('thread-entry.ts is to be run as a worker thread')
  // A library may post there as soon as it finds itself in a worker thread: there is nobody to hear it.
  parentPort.close()
  const start = workerData as ThreadStart
  const { port } = start
  hideInLogs(start.secrets)
  const logger = createLogger({ level: start.logLevel, bindings: { thread: `task-${start.thread}` } })
  const post = (message: FromThread): void => port.postMessage(message)
  const levels = levelsOf(logger)
  if (start.logLevels.length > 0) levels?.restore(start.logLevels)
  levels?.onChange((change) => {
    if (change.type === 'name') post({ type: 'logger', name: change.name })
  })
  const marker = new CallMarker(start.markerMemory, (announcement) => post({ type: 'marker', announcement }))
  const host = new TaskHost({
    config: start.config,
    listener: listener(post),
    logger,
    marker,
    excludedModules: start.excludedModules,
    offsets: start.offsets === null ? null : new PortOffsetStore(start.offsets),
    onBundled: () => post({ type: 'ready' }),
    onLoading: (file) => post({ type: 'loading', file }),
  })
  exposeCurrentCall()
  exposeHeldMemory()
  giveMemoryBackWhenIdle({ logger })

  const onStray = (thrown: unknown): void => {
    if (attributeStrayError(thrown)) return
    const error = presentable(thrown)
    post({ type: 'crash', trace: traceOf(error) })
    logger.fatal({ err: error }, 'A task thread ends because of an error that belongs to none of its tasks')
    process.exit(1)
  }
  process.on('uncaughtException', onStray)
  process.on('unhandledRejection', onStray)
  // A plugin that calls process.exit ends the thread: let the supervisor see whose call it was.
  process.on('exit', () => {
    const call = currentPluginCall()
    if (call) marker.enter(call.owner, call.hook)
  })

  port.on('message', (message: ToThread) => {
    if (message.type === 'ping') post({ type: 'pong' })
    else if (message.type === 'secrets') hideInLogs(message.values)
    else if (message.type === 'log-levels') levels?.restore(message.levels)
    else void answer(host, message, post)
  })
  // Nothing is done without them, and the supervisor waits: how long the runtime's own code takes to load, which on a busy
  // machine may be long, is nobody's fault. Who calls is told why they could not be loaded.
  host.plugins().catch(() => undefined)
}

async function answer(
  host: TaskHost,
  call: Extract<ToThread, { type: 'call' }>,
  post: (message: FromThread) => void,
): Promise<void> {
  try {
    const method = host[call.method] as (...args: readonly unknown[]) => unknown
    post({ type: 'result', id: call.id, value: await method.apply(host, [...call.args]) })
  } catch (error) {
    post({ type: 'failure', id: call.id, error: toErrorData(error) })
  }
}

function listener(post: (message: FromThread) => void): TaskRunnerListener {
  const event = (message: ListenerEvent): void => post(message)
  return {
    connectorStatus: (...args) => event({ type: 'event', event: 'connectorStatus', args }),
    taskStatus: (...args) => event({ type: 'event', event: 'taskStatus', args }),
    taskReconfigurationRequested: (...args) => event({ type: 'event', event: 'taskReconfigurationRequested', args }),
    topicUsed: (...args) => event({ type: 'event', event: 'topicUsed', args }),
  }
}

main()
