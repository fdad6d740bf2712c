import { presentable } from '../../base/thrown.ts'
import {
  type ConfigDeclaration,
  ConfigError,
  ConnectError,
  type ConnectRecord,
  isConnectError,
  type Predicate,
  type RowPlan,
  type Transform,
  withoutPrefix,
} from '../../connect/index.ts'
import { StageError } from '../errors/stage-error.ts'
import type { PluginRegistry } from '../plugins/plugin-registry.ts'
import { booleanProp, listProp, propsWithPrefix } from '../tasks/props.ts'

interface ChainLink {
  readonly className: string
  readonly transform: Transform
  readonly predicate: Predicate | null
  readonly predicateClass: string
  readonly negate: boolean
}

/** The transforms of a connector in their order, each with its predicate. */
export class TransformChain {
  readonly #links: readonly ChainLink[]

  constructor(links: readonly ChainLink[]) {
    this.#links = links
  }

  /** From `transforms`, `transforms.<alias>.*`, `predicates.<alias>.*`. Throws `ConfigError` that names the alias. */
  static fromProps(props: Readonly<Record<string, string | undefined>>, registry: PluginRegistry): TransformChain {
    const links = listProp(props, 'transforms').map((alias): ChainLink => {
      const own = propsWithPrefix(props, `transforms.${alias}.`)
      const type = required(own['type'], `transforms.${alias}.type`)
      const plugin = registry.resolve(type, 'transformation', own['plugin.version'])
      const predicateAlias = own['predicate']
      const negate = booleanProp(own, 'negate', false)
      if (negate && predicateAlias === undefined) {
        throw new ConfigError(`transforms.${alias}.negate is set, but transforms.${alias}.predicate is not`)
      }
      const transform = createFrom(plugin, props, `transforms.${alias}.`)
      const predicate = predicateAlias === undefined ? null : createPredicate(props, predicateAlias, alias, registry)
      return {
        className: plugin.class,
        transform,
        predicate: predicate?.instance ?? null,
        predicateClass: predicate?.className ?? '',
        negate,
      }
    })
    return new TransformChain(links)
  }

  get isEmpty(): boolean {
    return this.#links.length === 0
  }

  /** The record that comes out, or null when it was dropped. Throws {@link StageError}. */
  apply<R extends ConnectRecord>(record: R): R | null {
    let current: R | null = record
    for (let i = 0; i < this.#links.length && current !== null; i++) {
      const link = this.#links[i] as ChainLink
      let className = link.predicateClass
      try {
        if (link.predicate !== null && link.predicate.test(current) === link.negate) continue
        className = link.className
        current = link.transform.apply(current)
      } catch (error) {
        throw new StageError('TRANSFORMATION', className, error)
      }
    }
    return current
  }

  /** The plan that comes out, or `dropped`, when every link can change the plan instead of records; otherwise null. */
  applyToPlan(plan: RowPlan): RowPlan | 'dropped' | null {
    let current = plan
    for (const { transform, predicate, negate } of this.#links) {
      try {
        if (predicate !== null) {
          const answer = predicate.testPlan?.(current) ?? null
          if (answer === null) return null
          if (answer === negate) continue
        }
        const changed = transform.applyToPlan?.(current) ?? null
        if (changed === null || changed === 'dropped') return changed
        current = changed
      } catch {
        // The ordinary path finds the same fault record by record, where error tolerance applies.
        return null
      }
    }
    return current
  }

  /** Closes all, whatever becomes of each. @throws ConnectError when one could not be closed */
  close(): void {
    const failures: unknown[] = []
    for (const plugin of this.#links.flatMap(({ transform, predicate }) => [transform, predicate])) {
      try {
        plugin?.close?.()
      } catch (error) {
        failures.push(presentable(error))
      }
    }
    if (failures.length > 0)
      throw new ConnectError('Transforms or predicates did not close cleanly', { cause: failures[0] })
  }
}

function createPredicate(
  props: Readonly<Record<string, string | undefined>>,
  alias: string,
  transformAlias: string,
  registry: PluginRegistry,
): { instance: Predicate; className: string } {
  if (!listProp(props, 'predicates').includes(alias)) {
    throw new ConfigError(`transforms.${transformAlias}.predicate names ${alias}, which is not in predicates`)
  }
  const own = propsWithPrefix(props, `predicates.${alias}.`)
  const plugin = registry.resolve(required(own['type'], `predicates.${alias}.type`), 'predicate', own['plugin.version'])
  return { instance: createFrom(plugin, props, `predicates.${alias}.`), className: plugin.class }
}

function required(value: string | undefined, key: string): string {
  if (value === undefined || value.trim() === '') throw new ConfigError(`Missing required configuration ${key}`)
  return value
}

/** Makes a plugin of the settings under `prefix`; what is wrong with them is said of their full names. */
function createFrom<P, T>(
  plugin: { readonly config: ConfigDeclaration<P>; create(props: P): T },
  props: Readonly<Record<string, string | undefined>>,
  prefix: string,
): T {
  try {
    return plugin.create(plugin.config.parse(withoutPrefix(props, prefix)))
  } catch (error) {
    throw isConnectError(error, 'ConfigError') ? withFullNames(error as ConfigError, prefix) : error
  }
}

function withFullNames(error: ConfigError, prefix: string): ConfigError {
  const errors = Object.fromEntries(
    Object.entries(error.errors).map(([key, messages]) => [
      prefix + key,
      messages.map((message) => withFullName(message, key, prefix)),
    ]),
  )
  const messages = Object.values(errors).flat()
  const message = messages.length > 0 ? messages.join('\n') : `${prefix.slice(0, -1)}: ${error.message}`
  return new ConfigError(message, { cause: error, errors, details: { ...error.details, keys: Object.keys(errors) } })
}

/** Messages name a setting as `configuration key:`, `configuration "key"`, `Configuration 'key'`, or not at all. */
function withFullName(message: string, key: string, prefix: string): string {
  for (const [before, after] of [
    ['configuration ', ':'],
    ['configuration "', '"'],
    ["Configuration '", "'"],
  ] as const)
    if (message.includes(before + key + after)) return message.replace(before + key, () => before + prefix + key)
  return `${prefix}${key}: ${message}`
}
