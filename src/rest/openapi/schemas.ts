import type { JsonSchema } from '../routes/route.ts'

const text: JsonSchema = { type: 'string' }
const integer: JsonSchema = { type: 'integer' }
const boolean: JsonSchema = { type: 'boolean' }
const textOrNull: JsonSchema = { type: ['string', 'null'] }
const scalar: JsonSchema = { type: ['string', 'number', 'boolean', 'null'] }

/** An object; `optional` fields may be left out, of the others all are there. */
function object(fields: Readonly<Record<string, JsonSchema>>, optional: readonly string[] = []): JsonSchema {
  const required = Object.keys(fields).filter((name) => !optional.includes(name))
  return { type: 'object', properties: fields, ...(required.length === 0 ? {} : { required }) }
}

export function list(items: JsonSchema): JsonSchema {
  return { type: 'array', items }
}

export function map(values: JsonSchema): JsonSchema {
  return { type: 'object', additionalProperties: values }
}

/** One of a few words. */
export function oneOf(...words: readonly string[]): JsonSchema {
  return { type: 'string', enum: words }
}

/** Names of the shared schemas. */
export type SchemaName = keyof typeof schemas

/** A reference to a shared schema. */
export function ref(name: SchemaName): JsonSchema {
  return { $ref: `#/components/schemas/${name}` }
}

const reference = (name: string): JsonSchema => ({ $ref: `#/components/schemas/${name}` })

const states = ['UNASSIGNED', 'RUNNING', 'PAUSED', 'FAILED', 'RESTARTING', 'STOPPED']
const state = {
  state: oneOf(...states),
  worker_id: text,
  version: textOrNull,
  trace: text,
  restart: object({ count: integer, limit: integer, next_restart: { type: ['integer', 'null'] } }),
}
const stateOptional = ['trace', 'restart']
const connectorType = oneOf('source', 'sink', 'unknown')

/** The shapes that several operations share, by name. */
export const schemas = {
  Error: object({ error_code: integer, message: textOrNull }),
  ServerInfo: object({ version: text, commit: text, kafka_cluster_id: text }),
  Health: object(
    {
      status: oneOf('healthy', 'starting', 'unhealthy'),
      message: text,
      stalled_tasks: list(object({ connector: text, task: integer, stalled_ms: integer, in: textOrNull })),
    },
    ['stalled_tasks'],
  ),
  Config: { ...map(textOrNull), description: 'Settings by name.' },
  NewConfig: { ...map(scalar), description: 'Settings by name; numbers and booleans become text.' },
  CreateRequest: {
    ...object({ name: text, config: reference('NewConfig'), initial_state: oneOf('RUNNING', 'PAUSED', 'STOPPED') }, [
      'initial_state',
    ]),
    additionalProperties: false,
  },
  TaskId: object({ connector: text, task: integer }),
  ConnectorInfo: object({
    name: text,
    config: reference('Config'),
    tasks: list(reference('TaskId')),
    type: connectorType,
  }),
  ConnectorState: object(state, stateOptional),
  TaskState: object({ id: integer, ...state }, stateOptional),
  ConnectorStatus: object({
    name: text,
    connector: reference('ConnectorState'),
    tasks: list(reference('TaskState')),
    type: connectorType,
  }),
  ExpandedConnectors: map(
    object({ status: reference('ConnectorStatus'), info: reference('ConnectorInfo') }, ['status', 'info']),
  ),
  TaskInfo: object({ id: reference('TaskId'), config: reference('Config') }),
  Offsets: {
    ...object({
      offsets: list({
        ...object({ partition: { type: ['object', 'null'] }, offset: { type: ['object', 'null'] } }, ['offset']),
        additionalProperties: false,
      }),
    }),
    additionalProperties: false,
  },
  Message: object({ message: text }),
  Topics: map(object({ topics: list(text) })),
  Plugin: object({
    class: text,
    type: oneOf('source', 'sink', 'transformation', 'predicate', 'converter', 'header_converter'),
    version: text,
  }),
  ConfigKey: object({
    name: text,
    type: oneOf('BOOLEAN', 'STRING', 'INT', 'SHORT', 'LONG', 'DOUBLE', 'LIST', 'CLASS', 'PASSWORD'),
    required: boolean,
    default_value: textOrNull,
    importance: oneOf('HIGH', 'MEDIUM', 'LOW'),
    documentation: text,
    group: textOrNull,
    order_in_group: integer,
    width: oneOf('NONE', 'SHORT', 'MEDIUM', 'LONG'),
    display_name: text,
    dependents: list(text),
  }),
  ConfigValue: object({
    name: text,
    value: textOrNull,
    recommended_values: list(text),
    errors: list(text),
    visible: boolean,
  }),
  Validation: object({
    name: text,
    error_count: integer,
    groups: list(text),
    configs: list(
      object({
        definition: { anyOf: [reference('ConfigKey'), { type: 'null' }] },
        value: { anyOf: [reference('ConfigValue'), { type: 'null' }] },
      }),
    ),
  }),
  LoggerLevel: object({
    level: text,
    last_modified: { type: ['integer', 'null'], description: 'Ms since the epoch.' },
  }),
} satisfies Record<string, JsonSchema>
