import type { SinkPlugin, SourcePlugin } from '../../connect/index.ts'
import { SinkLoop } from './sink-loop.ts'
import { SourceLoop } from './source-loop.ts'
import type { TaskEnvironment } from './task-environment.ts'
import type { TaskLoop } from './task-run.ts'

/** The loop for a plugin's tasks. */
export function createTaskLoop(plugin: SourcePlugin | SinkPlugin, env: TaskEnvironment): TaskLoop {
  return plugin.kind === 'source' ? new SourceLoop(plugin, env) : new SinkLoop(plugin, env)
}
