import type { ConfigDeclaration } from './config/declaration.ts'
import type { PluginIdentity, PluginLogger } from './connector.ts'

/** A request as a REST extension sees it. */
export interface RestExtensionRequest {
  readonly method: string
  /** Decoded no further than the server did; without the query. */
  readonly path: string
  readonly query: URLSearchParams
  /** Names in lower case. They may hold credentials: never log them. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  /** What the path's `:names` stand for; only for an extension's own routes. */
  readonly params: Readonly<Record<string, string>>
  /** Empty for a hook: the body has not been read then. */
  readonly body: Uint8Array
}

/** An answer that an extension gives. */
export interface RestExtensionAnswer {
  /** Default: 200. */
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** Text and bytes go as they are (as `text/plain` and `application/octet-stream` if no header says otherwise), all else as JSON. */
  readonly body?: unknown
}

export interface RestExtensionState {
  readonly state: string
  /** Host and port. */
  readonly workerId: string
  /** Null unless failed. */
  readonly trace: string | null
}

export interface RestConnectorHealth {
  readonly name: string
  readonly type: 'source' | 'sink' | 'unknown'
  readonly connector: RestExtensionState
  readonly tasks: readonly (RestExtensionState & { readonly id: number })[]
}

/** What an extension can learn of the cluster. Its methods reject for unknown connectors, and while the worker starts. */
export interface RestClusterState {
  connectors(): Promise<readonly string[]>
  connectorHealth(connector: string): Promise<RestConnectorHealth>
  /** As the user wrote it: it may hold secrets. */
  connectorConfig(connector: string): Promise<Readonly<Record<string, string | null>>>
  kafkaClusterId(): Promise<string>
}

export type RestMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** Where an extension puts what it adds. */
export interface RestExtensionContext {
  readonly clusterState: RestClusterState
  readonly logger: PluginLogger
  /**
   * Asked before each request to a path that is there, in the order of registration and before the body is read. An
   * answer ends the request; undefined lets it pass. An error is a 500.
   */
  beforeRequest(
    hook: (request: RestExtensionRequest) => RestExtensionAnswer | undefined | Promise<RestExtensionAnswer | undefined>,
  ): void
  /** Adds an endpoint; `path` as `/a/:b`. Throws for one that is there already. */
  route(
    method: RestMethod,
    path: string,
    handler: (request: RestExtensionRequest) => RestExtensionAnswer | Promise<RestExtensionAnswer>,
  ): void
}

/** An instance of an extension, one a worker. */
export interface RestExtension {
  /** Called once, before the server listens. */
  register(context: RestExtensionContext): void | Promise<void>
  /** Called when the worker stops, after the last request. */
  close?(): void | Promise<void>
}

/**
 * A REST extension, named in `rest.extension.classes`. Its settings are the worker's properties. Unlike all other
 * plugins it runs in the main thread, which answers REST and keeps the worker in its group: code that does not return
 * at once stops the whole worker. While an extension of `plugin.path` is in use, modules there are loaded in the main
 * thread too, until it is found.
 */
export interface RestExtensionPlugin<P = unknown> extends PluginIdentity {
  readonly kind: 'rest_extension'
  readonly config: ConfigDeclaration<P>
  create(props: P): RestExtension | Promise<RestExtension>
}

export function defineRestExtension<P>(plugin: Omit<RestExtensionPlugin<P>, 'kind'>): RestExtensionPlugin<P> {
  return { ...plugin, kind: 'rest_extension' }
}
