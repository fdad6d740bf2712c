import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  config,
  ConfigError,
  type ConnectRecord,
  definePredicate,
  defineTransform,
  type RowPlan,
  struct,
  Type,
} from '../../../src/connect/index.ts'
import { StageError } from '../../../src/runtime/errors/stage-error.ts'
import { TransformChain } from '../../../src/runtime/pipeline/transform-chain.ts'
import type { Plugin } from '../../../src/runtime/plugins/plugin.ts'
import { PluginRegistry } from '../../../src/runtime/plugins/plugin-registry.ts'

const append = defineTransform({
  class: 't.Append',
  version: '1',
  summary: '',
  config: config({ text: Type.String() }),
  create: ({ text }) => ({
    apply: (record) => ({ ...record, topic: record.topic + text }),
    applyToPlan: (plan) => ({ ...plan, topic: plan.topic + text }),
  }),
})
const drop = defineTransform({
  class: 't.Drop',
  version: '1',
  summary: '',
  config: config({}),
  create: () => ({ apply: () => null }),
})
const fail = defineTransform({
  class: 't.Fail',
  version: '1',
  summary: '',
  config: config({}),
  create: () => ({
    apply: () => {
      throw new Error('no')
    },
  }),
})
const endsWith = definePredicate({
  class: 'p.EndsWith',
  version: '1',
  summary: '',
  config: config({ end: Type.String() }),
  create: ({ end }) => ({ test: (record) => record.topic.endsWith(end) }),
})
const topicIs = definePredicate({
  class: 'p.TopicIs',
  version: '1',
  summary: '',
  config: config({ topic: Type.String() }),
  create: ({ topic }) => ({ test: (record) => record.topic === topic, testPlan: (plan) => plan.topic === topic }),
})
const filter = defineTransform({
  class: 't.Filter',
  version: '1',
  summary: '',
  config: config({}),
  create: () => ({ apply: () => null, applyToPlan: () => 'dropped' }),
})
const picky = defineTransform({
  class: 't.Picky',
  version: '1',
  summary: '',
  config: config({ text: Type.String({ default: '' }) }),
  create: ({ text }) => {
    if (text === '') throw new ConfigError('Nothing to do')
    if (text === 'odd') throw new ConfigError('Odd', { errors: { text: ['Odd'] } })
    const message = `Invalid value ${text} for configuration text: No`
    throw new ConfigError(message, { errors: { text: [message] } })
  },
})

const registry = new PluginRegistry()
for (const plugin of [append, drop, fail, filter, picky, topicIs, endsWith]) registry.add(plugin as Plugin)

const chain = (props: Record<string, string>): TransformChain => TransformChain.fromProps(props, registry)
const record: ConnectRecord = { topic: 't' }
const plan: RowPlan = {
  topic: 't',
  kafkaPartition: null,
  key: null,
  value: { schema: struct({}), columns: [] },
  timestamp: null,
}
const appending = (alias: string, text: string) => ({
  [`transforms.${alias}.type`]: 't.Append',
  [`transforms.${alias}.text`]: text,
})

test('transforms run in the listed order, on records and on plans alike', () => {
  const made = chain({ transforms: 'b, a', ...appending('a', '-a'), ...appending('b', '-b') })
  assert.equal(made.apply(record)?.topic, 't-b-a')
  assert.deepEqual(made.applyToPlan(plan), { ...plan, topic: 't-b-a' })
})

test('a predicate decides per record, negate turns it round, and one without a plan form keeps the chain off the plan', () => {
  const predicate = { predicates: 'p', 'predicates.p.type': 'EndsWith', 'predicates.p.end': '-x' }
  const plain = chain({ transforms: 'a', ...appending('a', '-a'), 'transforms.a.predicate': 'p', ...predicate })
  assert.equal(plain.apply(record)?.topic, 't')
  assert.equal(plain.apply({ topic: 't-x' })?.topic, 't-x-a')
  assert.equal(plain.applyToPlan(plan), null)
  const negated = chain({
    transforms: 'a',
    ...appending('a', '-a'),
    'transforms.a.predicate': 'p',
    'transforms.a.negate': 'true',
    ...predicate,
  })
  assert.equal(negated.apply(record)?.topic, 't-a')
  assert.equal(negated.apply({ topic: 't-x' })?.topic, 't-x')
})

test('a predicate that has an answer for a whole plan decides on it once', () => {
  const predicate = { predicates: 'p', 'predicates.p.type': 'p.TopicIs', 'predicates.p.topic': 't' }
  const when = (negate: string, type: Record<string, string>): TransformChain =>
    chain({ transforms: 'a', ...type, 'transforms.a.predicate': 'p', 'transforms.a.negate': negate, ...predicate })
  assert.deepEqual(when('false', appending('a', '-a')).applyToPlan(plan), { ...plan, topic: 't-a' })
  assert.equal(when('true', appending('a', '-a')).applyToPlan(plan), plan)
  const filtering = { 'transforms.a.type': 't.Filter' }
  assert.equal(when('false', filtering).applyToPlan(plan), 'dropped')
  assert.equal(when('true', filtering).applyToPlan(plan), plan)
})

test('a dropped record goes no further, and a transform without a plan form keeps the chain off the plan', () => {
  const made = chain({ transforms: 'd,f', 'transforms.d.type': 't.Drop', 'transforms.f.type': 't.Fail' })
  assert.equal(made.apply(record), null)
  assert.equal(made.applyToPlan(plan), null)
})

test('a failure names its stage and class', () => {
  const made = chain({ transforms: 'f', 'transforms.f.type': 't.Fail' })
  assert.throws(
    () => made.apply(record),
    (error) => error instanceof StageError && error.stage === 'TRANSFORMATION' && error.className === 't.Fail',
  )
})

test('what is missing or contradictory in the configuration is named', () => {
  assert.throws(() => chain({ transforms: 'a' }), /transforms\.a\.type/)
  assert.throws(() => chain({ transforms: 'a', 'transforms.a.type': 't.Append' }), {
    message: 'Missing required configuration "transforms.a.text" which has no default value.',
    errors: { 'transforms.a.text': ['Missing required configuration "transforms.a.text" which has no default value.'] },
  })
  assert.throws(
    () => chain({ transforms: 'a', 'transforms.a.type': 't.Picky', 'transforms.a.text': 'x' }),
    (error) =>
      error instanceof ConfigError &&
      error.message === 'Invalid value x for configuration transforms.a.text: No' &&
      Object.keys(error.errors).join() === 'transforms.a.text',
  )
  assert.throws(() => chain({ transforms: 'a', 'transforms.a.type': 't.Picky' }), /transforms\.a: Nothing to do/)
  const odd = { transforms: 'a', 'transforms.a.type': 't.Picky', 'transforms.a.text': 'odd' }
  assert.throws(() => chain(odd), /transforms\.a\.text: Odd/)
  assert.throws(
    () => chain({ transforms: 'a', ...appending('a', 'x'), 'transforms.a.negate': 'true' }),
    /transforms\.a\.negate/,
  )
  assert.throws(
    () => chain({ transforms: 'a', ...appending('a', 'x'), 'transforms.a.predicate': 'q' }),
    /names q, which is not in predicates/,
  )
})

test('all transforms and predicates are closed, also when one throws', () => {
  const closed: string[] = []
  const close = (what: string): void => {
    closed.push(what)
    if (what === 'first') throw new Error('it sticks')
  }
  const closing = defineTransform({
    class: 't.Closing',
    version: '1',
    summary: '',
    config: config({ name: Type.String() }),
    create: ({ name }) => ({ apply: (record) => record, close: () => close(name) }),
  })
  const closingToo = definePredicate({
    class: 'p.Closing',
    version: '1',
    summary: '',
    config: config({}),
    create: () => ({ test: () => true, close: () => close('predicate') }),
  })
  const registry = new PluginRegistry()
  for (const plugin of [closing, closingToo]) registry.add(plugin as Plugin)
  const props = {
    transforms: 'a,b',
    'transforms.a.type': 't.Closing',
    'transforms.a.name': 'first',
    'transforms.b.type': 't.Closing',
    'transforms.b.name': 'second',
    'transforms.b.predicate': 'p',
    predicates: 'p',
    'predicates.p.type': 'p.Closing',
  }
  assert.throws(() => TransformChain.fromProps(props, registry).close(), /did not close cleanly/)
  assert.deepEqual(closed, ['first', 'second', 'predicate'])
})
