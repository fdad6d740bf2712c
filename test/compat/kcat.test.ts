import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { startTestBroker, type TestBroker } from '../support/broker.ts'
import { kcat, kcatMissing, startKcat } from '../support/kcat.ts'
import { storedCodecs } from '../support/stored-codecs.ts'

const missing = await kcatMissing()

describe('kcat against our broker', { skip: missing }, () => {
  let broker: TestBroker
  before(async () => {
    broker = await startTestBroker({ 'num.partitions': '4' })
  })
  after(() => broker.close())

  const produce = (topic: string, input: string, ...more: string[]): Promise<string> =>
    kcat(['-b', broker.bootstrap, '-P', '-t', topic, ...more], input)
  const consume = (topic: string, ...more: string[]): Promise<string> =>
    kcat(['-b', broker.bootstrap, '-C', '-t', topic, '-o', 'beginning', '-e', '-q', ...more])

  test('lists brokers, topics and partitions', async () => {
    await produce('listed', 'a\n')
    const listing = await kcat(['-b', broker.bootstrap, '-L', '-J'])
    const parsed = JSON.parse(listing) as {
      brokers: { id: number; name: string }[]
      topics: { topic: string; partitions: { leader: number }[] }[]
    }
    assert.deepEqual(parsed.brokers, [{ id: 0, name: broker.bootstrap }])
    assert.equal(parsed.topics.find(({ topic }) => topic === 'listed')?.partitions.length, 4)
    assert.equal(parsed.topics.find(({ topic }) => topic === '__consumer_offsets')?.partitions.length, 50)
  })

  test('produces and consumes keys, values, headers and nulls', async () => {
    await produce('keyed', 'k1:v1\nk2:v2\nk3:\n', '-K:', '-Z', '-p', '0', '-H', 'h1=one', '-H', 'h2=two')
    const output = await consume('keyed', '-Z', '-f', '%p %o %k %s %h\n')
    const expected = ['0 0 k1 v1 h1=one,h2=two', '0 1 k2 v2 h1=one,h2=two', '0 2 k3 NULL h1=one,h2=two']
    assert.deepEqual(output.trimEnd().split('\n'), expected)
  })

  for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd']) {
    test(`sends and reads batches compressed with ${codec}`, async () => {
      const lines = Array.from({ length: 500 }, (_, i) => `line ${i} ${'abc'.repeat(20)}`)
      await produce(`codec-${codec}`, `${lines.join('\n')}\n`, '-z', codec, '-p', '1', '-X', 'linger.ms=50')
      assert.deepEqual((await consume(`codec-${codec}`, '-p', '1')).trimEnd().split('\n'), lines)
      assert.deepEqual(await storedCodecs(broker.port, `codec-${codec}`, 1), [codec])
    })
  }

  test('produces idempotently', async () => {
    const lines = Array.from({ length: 200 }, (_, i) => `${i}`)
    await produce('idempotent', `${lines.join('\n')}\n`, '-p', '0', '-X', 'enable.idempotence=true')
    assert.deepEqual((await consume('idempotent', '-p', '0')).trimEnd().split('\n'), lines)
  })

  test('finds offsets by time', async () => {
    await produce('timed', 'old\n', '-p', '0')
    const listed = await kcat(['-b', broker.bootstrap, '-Q', '-t', 'timed:0:-1', '-t', 'timed:1:-2'])
    assert.match(listed, /timed \[0\] offset 1/)
    assert.match(listed, /timed \[1\] offset 0/)
  })

  test('shares a topic in a balanced group of two, and hands over when one stops', async () => {
    await produce('shared', Array.from({ length: 4 }, (_, i) => `p${i}`).join('\n'), '-p', '0')
    const member = () =>
      startKcat([
        '-b',
        broker.bootstrap,
        '-G',
        'pair',
        '-f',
        '%p %s\n',
        '-u',
        '-X',
        'auto.offset.reset=earliest',
        '-X',
        'heartbeat.interval.ms=200',
        '-X',
        'topic.metadata.refresh.interval.ms=1000',
        'shared',
      ])
    const one = member()
    const assigned = (errors: readonly string[]): number => errors.filter((line) => line.includes('assigned:')).length
    await one.until(() => assigned(one.errors) === 1, 'the first assignment')
    const two = member()
    try {
      await two.until(() => assigned(two.errors) === 1, 'the assignment of the second member')
      await one.until(() => assigned(one.errors) === 2, 'the second assignment of the first member')
      const partitionsOf = (errors: readonly string[]): number =>
        [...(errors.findLast((line) => line.includes('assigned:')) ?? '').matchAll(/\[\d+\]/g)].length
      assert.equal(partitionsOf(one.errors), 2)
      assert.equal(partitionsOf(two.errors), 2)
      for (let partition = 0; partition < 4; partition++)
        await produce('shared', `new${partition}\n`, '-p', `${partition}`)
      const fresh = (): number => [...one.lines, ...two.lines].filter((line) => line.includes('new')).length
      await one.until(() => fresh() === 4 || one.lines.filter((line) => line.includes('new')).length === 2, 'its share')
      await two.until(() => fresh() === 4, 'all new records')
    } finally {
      await two.stop()
    }
    await one.until(() => assigned(one.errors) === 3, 'taking over')
    await one.stop()
  })
})
