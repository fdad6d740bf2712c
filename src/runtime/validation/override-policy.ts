import type { ClientOverrides, ConfigValueErrors } from '../../connect/index.ts'
import { withoutPrefix } from '../../connect/index.ts'
import { inJavaHashOrder } from '../config-def/java-hash-order.ts'
import { describeKey, type ParsedValue } from '../config-def/key.ts'
import { formatValue, invalidValue, ParseError, parseText } from '../config-def/parse.ts'
import { RuntimeError } from '../errors.ts'
import { bundledPolicy, notAllowed } from '../plugins/override-policies.ts'
import type { Properties } from '../stores/config-records.ts'
import type { PluginDescription } from '../task-runner.ts'
import type { WorkerConfig } from '../worker-config.ts'
import { type ClientKind, clientKeys } from '../config-def/client-keys.ts'
import type { Entry } from './entries.ts'

/** A client setting is not of its type, which fails a whole validation as in Kafka Connect. REST: 500. */
export class ClientSettingError extends RuntimeError {
  override readonly code = 'MILL_CLIENT_SETTING'
}

/** Asks a policy that is a plugin: see `TaskRunner.checkOverrides`, for the worker's policy. */
export type AskPolicy = (request: ClientOverrides) => Promise<ConfigValueErrors>

/**
 * The client settings of a connector that are checked: those of the clients that it will have. In the order producer,
 * consumer, admin, under their full names, with what the worker's policy says. Throws {@link ClientSettingError}.
 */
export async function overrideEntries(
  props: Properties,
  plugin: PluginDescription,
  worker: WorkerConfig,
  askPolicy: AskPolicy,
): Promise<Entry[]> {
  const found: Entry[] = []
  for (const client of clientsOf(props, plugin, worker)) {
    const settings = parsedSettings(client, withoutPrefix(props, `${client}.override.`))
    const errors = await faultsOf(
      {
        client,
        connector: props['name'] ?? null,
        connectorClass: plugin.class,
        connectorType: plugin.type as 'source' | 'sink',
        settings,
      },
      worker,
      askPolicy,
    )
    for (const name of inJavaHashOrder(Object.keys(settings))) found.push(entryOf(client, name, settings, errors))
  }
  return found
}

/** The clients that the connector's tasks will make. */
function clientsOf(props: Properties, { type }: PluginDescription, worker: WorkerConfig): ClientKind[] {
  const isSet = (name: string): boolean => (props[name] ?? '').trim() !== ''
  const hasDeadLetters = isSet('errors.deadletterqueue.topic.name')
  const ownOffsets = type === 'source' && (worker.exactlyOnceSupport === 'enabled' || isSet('offsets.storage.topic'))
  const createsTopics =
    type === 'source' ? Object.keys(props).some((name) => name.startsWith('topic.creation.')) : hasDeadLetters
  const uses: Record<ClientKind, boolean> = {
    producer: type === 'source' || hasDeadLetters,
    consumer: type === 'sink' || ownOffsets,
    admin: createsTopics || ownOffsets,
  }
  return (['producer', 'consumer', 'admin'] as const).filter((client) => uses[client])
}

function parsedSettings(client: ClientKind, texts: Properties): Record<string, ParsedValue> {
  const parsed: Record<string, ParsedValue> = {}
  for (const [name, text] of Object.entries(texts)) {
    const definition = clientKeys[client].get(name)
    try {
      parsed[name] = text === null || definition === undefined ? text : parseText(text, definition.type)
    } catch (error) {
      if (!(error instanceof ParseError)) throw error
      const shown = definition?.type === 'PASSWORD' ? '[hidden]' : text
      throw new ClientSettingError(invalidValue(shown, name, error.message))
    }
  }
  return parsed
}

async function faultsOf(
  request: ClientOverrides,
  worker: WorkerConfig,
  askPolicy: AskPolicy,
): Promise<ConfigValueErrors> {
  const names = Object.keys(request.settings)
  const policy = bundledPolicy(worker.clientConfigOverridePolicy, worker.properties)
  if (policy === null) return names.length === 0 ? {} : askPolicy(request)
  const refused = names.filter((name) => !policy.allows(name))
  return Object.fromEntries(refused.map((name) => [name, [notAllowed(policy.name, name)]]))
}

function entryOf(
  client: ClientKind,
  name: string,
  settings: Readonly<Record<string, ParsedValue>>,
  errors: ConfigValueErrors,
): Entry {
  const key = clientKeys[client].get(name)
  const fullName = `${client}.override.${name}`
  return {
    name: fullName,
    definition: key === undefined ? null : { ...describeKey(key), name: fullName },
    value: formatValue(settings[name] ?? null, key?.type ?? 'STRING'),
    errors: [...(errors[name] ?? [])],
    visible: true,
    recommendedValues: [],
  }
}
