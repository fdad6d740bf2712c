/** On whose behalf plugin code runs. Plain data. */
export interface ScopeOwner {
  /** `plugin`: validation and the like, outside of any connector; `module`: a plugin module that is being loaded. */
  readonly kind: 'connector' | 'task' | 'plugin' | 'module'
  /** Connector name, or the class or file for the other kinds. */
  readonly name: string
  readonly task: number | null
  readonly pluginClass: string
}

/** `Task 0 of connector "orders" (org.example.Feed)`. */
export function ownerLabel(owner: ScopeOwner): string {
  switch (owner.kind) {
    case 'task':
      return `Task ${owner.task} of connector "${owner.name}" (${owner.pluginClass})`
    case 'connector':
      return `Connector "${owner.name}" (${owner.pluginClass})`
    case 'plugin':
      return `Plugin ${owner.pluginClass}`
    case 'module':
      return `Plugin module ${owner.name}`
  }
}
