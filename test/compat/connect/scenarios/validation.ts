import type { Call, Scenario } from '../scenario.ts'
import { fileSink, fileSource } from './connectors.ts'

const validate = (plugin: string, body: unknown): Call => ({
  call: `PUT /connector-plugins/${plugin}/config/validate`,
  body,
})

const source = (more: Readonly<Record<string, unknown>> = {}): Call =>
  validate('FileStreamSourceConnector', fileSource('v', more))
const sink = (more: Readonly<Record<string, unknown>> = {}): Call => validate('FileStreamSink', fileSink('v', more))
const transforms = 'org.apache.kafka.connect.transforms'

export const validation: Scenario[] = [
  {
    name: 'plugins and their keys',
    connectors: [],
    steps: [
      ...[
        'FileStreamSource',
        'FileStreamSinkConnector',
        `${transforms}.Cast$Value`,
        `${transforms}.InsertField$Key`,
        `${transforms}.Filter`,
        `${transforms}.predicates.TopicNameMatches`,
        'RegexRouter',
        'TimestampRouter',
        'HasHeaderKey',
        'org.apache.kafka.connect.json.JsonConverter',
        'StringConverter',
        'SimpleHeaderConverter',
      ].map((plugin): Call => ({ call: `GET /connector-plugins/${plugin}/config` })),
      { call: 'GET /connector-plugins/Cast/config' },
      { call: 'GET /connector-plugins/FileStreamSource/config?version=0.0.1' },
      { call: 'GET /connector-plugins/FileStreamSource/config?version=' },
    ],
  },
  {
    name: 'validation of a source',
    connectors: [],
    steps: [
      source(),
      validate('FileStreamSource', {}),
      validate('FileStreamSource', { 'connector.class': 'FileStreamSource' }),
      validate('FileStreamSink', fileSource('v')),
      validate('None', { 'connector.class': 'None' }),
      source({ 'tasks.max': '0' }),
      source({ 'tasks.max': 'x' }),
      source({ name: '' }),
      source({ 'batch.size': 'many' }),
      source({ topic: '' }),
      source({ unknown: null }),
      source({ 'errors.tolerance': 'some', 'errors.retry.timeout': 'x' }),
      source({ 'config.action.reload': 'never' }),
      source({ 'topic.creation.groups': 'a, b, a' }),
      source({ 'exactly.once.support': 'REQUIRED' }),
      source({ 'transaction.boundary': 'connector' }),
      source({ 'offsets.storage.topic': '' }),
      source({ 'producer.override.acks': '1', 'producer.override.linger.ms': '5' }),
      source({ 'key.converter': 'none.Converter' }),
      source({
        'key.converter': 'org.apache.kafka.connect.storage.StringConverter',
        'key.converter.encoding': 'UTF-8',
      }),
      source({
        'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
        'value.converter.schemas.enable': 'notaboolean',
      }),
      source({ 'header.converter': 'org.apache.kafka.connect.file.FileStreamSourceConnector' }),
      source({ transforms: 'a, a' }),
      source({ transforms: 'a' }),
      source({ transforms: 'a', 'transforms.a.type': 'none.None' }),
      source({ transforms: 'a', 'transforms.a.type': `${transforms}.Cast` }),
      source({ transforms: 'a', 'transforms.a.type': `${transforms}.Cast$Value` }),
      source({ transforms: 'a', 'transforms.a.type': `${transforms}.HoistField$Value`, 'transforms.a.field': 'line' }),
      source({ transforms: 'a', 'transforms.a.type': `${transforms}.Filter`, 'transforms.a.negate': 'true' }),
      source({ transforms: 'a', 'transforms.a.type': `${transforms}.Filter`, 'transforms.a.predicate': 'p' }),
      source({
        transforms: 'a',
        'transforms.a.type': `${transforms}.Filter`,
        'transforms.a.predicate': 'p',
        predicates: 'p',
        'predicates.p.type': `${transforms}.predicates.TopicNameMatches`,
        'predicates.p.pattern': '[',
      }),
      source({ predicates: 'p, p' }),
      source({ predicates: 'p', 'predicates.p.type': 'none.None' }),
      source({ predicates: 'p', 'predicates.p.type': `${transforms}.Filter` }),
    ],
  },
  {
    name: 'validation of a sink',
    connectors: [],
    steps: [
      sink(),
      sink({ topics: undefined }),
      sink({ topics: 'a', 'topics.regex': 'r.*' }),
      sink({ topics: 'a,b,a' }),
      sink({ topics: 'a,,b' }),
      sink({ topics: null }),
      sink({ topics: undefined, 'topics.regex': '[' }),
      sink({ topics: 'a', 'errors.deadletterqueue.topic.name': 'a' }),
      sink({ topics: undefined, 'topics.regex': 'r.*', 'errors.deadletterqueue.topic.name': 'ruh.roh' }),
      sink({ 'errors.deadletterqueue.topic.name': 'dead', 'errors.deadletterqueue.topic.replication.factor': 'x' }),
      sink({ 'consumer.override.group.id': 'compat' }),
      sink({ name: 'compat' }),
      sink({ 'consumer.override.max.poll.records': '10' }),
    ],
  },
]
