import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apis } from '../../src/protocol/messages/index.ts'
import {
  ConsumerProtocolAssignment,
  ConsumerProtocolSubscription,
} from '../../src/protocol/messages/consumer-protocol.ts'
import { type Fields, includesVersion, type Kind } from '../../src/protocol/schema/field.ts'
import type { MessageSchema } from '../../src/protocol/schema/message.ts'
import { type KafkaField, type KafkaMessage, kafkaDefinitions, kafkaVersions } from '../support/kafka-definitions.ts'
import { mavenArtifact } from '../support/maven-artifact.ts'

/** Our tables against Kafka's own definitions, field by field and version by version. */

const ARTIFACT = 'org.apache.kafka:kafka-clients:4.3.1'
const jar = await mavenArtifact(ARTIFACT)
const skip = jar === null ? `Maven (mvn) is not installed and ${ARTIFACT} is not in the cache folder` : false
const definitions = jar === null ? new Map<string, KafkaMessage>() : await kafkaDefinitions(jar)

/** APIs that clients can send to a broker of Kafka 4.3 and that we leave out; clients do without when not advertised. */
const LEFT_OUT = [
  'AddRaftVoter',
  'AlterReplicaLogDirs',
  'AlterShareGroupOffsets',
  'CreateDelegationToken',
  'DeleteShareGroupOffsets',
  'DeleteShareGroupState',
  'DescribeDelegationToken',
  'DescribeQuorum',
  'DescribeShareGroupOffsets',
  'ExpireDelegationToken',
  'GetTelemetrySubscriptions',
  'InitializeShareGroupState',
  'PushTelemetry',
  'ReadShareGroupState',
  'ReadShareGroupStateSummary',
  'RemoveRaftVoter',
  'RenewDelegationToken',
  'ShareAcknowledge',
  'ShareFetch',
  'ShareGroupDescribe',
  'ShareGroupHeartbeat',
  'StreamsGroupDescribe',
  'StreamsGroupHeartbeat',
  'UnregisterBroker',
  'UpdateFeatures',
  'WriteShareGroupState',
]

/** One field in one version, in a form that both sides can be brought into. */
interface FieldFacts {
  readonly name: string
  readonly type: string
  readonly isNullable: boolean
  readonly tag: number | null
  readonly default: unknown
  readonly fields: readonly FieldFacts[] | null
}

function innerFields(kind: Kind): Fields | null {
  return kind.type === 'array' ? innerFields(kind.element) : kind.type === 'struct' ? kind.fields : null
}

function typeName(kind: Kind): string {
  return kind.type === 'array' ? `[]${typeName(kind.element)}` : kind.type
}

function ourFacts(fields: Fields, version: number): FieldFacts[] {
  return Object.entries(fields)
    .filter(([, field]) => includesVersion(field.settings.versions, version))
    .map(([name, { settings }]) => {
      const inner = innerFields(settings.kind)
      const byDefault = settings.defaultValue instanceof Uint8Array ? 'empty' : settings.defaultValue
      return {
        name,
        type: typeName(settings.kind),
        isNullable: includesVersion(settings.nullableVersions, version),
        tag: settings.tag,
        default: byDefault === undefined ? 'empty' : byDefault,
        fields: inner && ourFacts(inner, version),
      }
    })
}

const SCALARS = /^(bool|int8|int16|uint16|int32|uint32|int64|float64|string|uuid|bytes|records)$/

function kafkaType(type: string): string {
  if (type.startsWith('[]')) return `[]${kafkaType(type.slice(2))}`
  return type === 'bool' ? 'boolean' : SCALARS.test(type) ? type : 'struct'
}

function kafkaDefault(field: KafkaField): unknown {
  const text = field.default === undefined ? null : String(field.default)
  if (text === 'null' && field.default !== null) return null
  if (field.type.startsWith('[]') || !SCALARS.test(field.type) || field.type === 'bytes') return 'empty'
  if (field.type === 'records') return null
  if (field.type === 'string') return text ?? ''
  if (field.type === 'uuid') return 'AAAAAAAAAAAAAAAAAAAAAA'
  return field.type === 'bool' ? text === 'true' : Number(text ?? '0')
}

function kafkaFacts(fields: readonly KafkaField[], version: number, message: KafkaMessage): FieldFacts[] {
  return fields
    .filter((field) => includesVersion(kafkaVersions(field.versions), version))
    .map((field) => {
      const elementType = field.type.replace(/^\[\]/, '')
      const inner = field.fields ?? message.commonStructs?.find((common) => common.name === elementType)?.fields
      return {
        name: field.name.charAt(0).toLowerCase() + field.name.slice(1),
        type: kafkaType(field.type),
        isNullable: includesVersion(kafkaVersions(field.nullableVersions), version),
        tag: includesVersion(kafkaVersions(field.taggedVersions), version) ? (field.tag ?? null) : null,
        default: kafkaDefault(field),
        fields: inner === undefined ? null : kafkaFacts(inner, version, message),
      }
    })
}

function compare(schema: MessageSchema, definition: KafkaMessage | undefined): void {
  assert.ok(definition, `Kafka has no ${schema.name}`)
  const { from, to } = kafkaVersions(definition.validVersions)
  assert.deepEqual([schema.minVersion, schema.maxVersion], [from, to], `${schema.name} versions`)
  for (let version = from; version <= to; version++) {
    assert.deepEqual(
      ourFacts(schema.fields, version),
      kafkaFacts(definition.fields, version, definition),
      `${schema.name} version ${version}`,
    )
    const isFlexible = includesVersion(kafkaVersions(definition.flexibleVersions), version)
    assert.equal(version >= schema.firstFlexibleVersion, isFlexible, `${schema.name} version ${version} is flexible`)
  }
}

for (const api of apis.values()) {
  test(`the table of ${api.name} says in every version what Kafka's own definition says`, (t) => {
    if (skip) return t.skip(skip)
    assert.equal(definitions.get(`${api.name}Request`)?.apiKey, api.key)
    compare(api.request, definitions.get(`${api.name}Request`))
    compare(api.response, definitions.get(`${api.name}Response`))
  })
}

test('the messages inside of the consumer group protocol say what Kafka says', (t) => {
  if (skip) return t.skip(skip)
  compare(ConsumerProtocolSubscription, definitions.get('ConsumerProtocolSubscription'))
  compare(ConsumerProtocolAssignment, definitions.get('ConsumerProtocolAssignment'))
})

test('every API that a client can send to a broker is here or is known to be left out', (t) => {
  if (skip) return t.skip(skip)
  const offered = [...definitions.values()]
    .filter((message) => message.type === 'request' && message.listeners?.includes('broker'))
    .filter((message) => message.validVersions !== 'none')
    .map((message) => message.name.replace(/Request$/, ''))
  const ours = [...apis.values()].map((api) => api.name)
  assert.deepEqual(offered.toSorted(), [...ours, ...LEFT_OUT].toSorted())
})
