import { type ConfigKey, key, type KeyOptions } from '../config-def/key.ts'

/** A worker property: a key that also says when it has no effect here. */
export interface WorkerKey extends ConfigKey {
  /** Why the property changes nothing, as the end of a sentence; null when it has an effect. */
  readonly withoutEffect: string | null
}

export interface WorkerKeyOptions extends KeyOptions {
  readonly withoutEffect?: string
}

/** Declares a worker property. `defaultText` undefined makes it required, null optional. */
export function workerKey(
  name: string,
  type: ConfigKey['type'],
  defaultText: string | null | undefined,
  importance: ConfigKey['importance'],
  documentation: string,
  options: WorkerKeyOptions = {},
): WorkerKey {
  return {
    ...key(name, type, defaultText, importance, documentation, options),
    withoutEffect: options.withoutEffect ?? null,
  }
}
