import { ConnectError } from 'millrace/connect'

/** A task configuration for each of `maxTasks`: the connector's own, and the task's number as `id`. */
export function numberedTasks(raw: Readonly<Record<string, string>>, maxTasks: number): Record<string, string>[] {
  return Array.from({ length: maxTasks }, (_task, id) => ({ ...raw, id: String(id) }))
}

/** The task's number out of its configuration. */
export function taskId(config: Readonly<Record<string, string>>): number {
  const id = Number(config['id'])
  if (config['id'] === undefined || !Number.isInteger(id))
    throw new ConnectError(`The task configuration has the id ${config['id'] ?? '(none)'}, which is no task number`)
  return id
}
