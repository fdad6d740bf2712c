import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { verifiableSink, verifiableSource } from '../../../connectors/verifiable/index.ts'
import { sourceHarness } from '../../../src/connect/testing/index.ts'

const connectors = new URL('../../../connectors/verifiable/index.ts', import.meta.url).href
const testing = new URL('../../../src/connect/testing/index.ts', import.meta.url).href

/** The lines that a script prints, which has the connectors and the harnesses at hand: in a process of its own. */
async function printed(script: string): Promise<Record<string, unknown>[]> {
  const imports = `
    import { verifiableSink, verifiableSource } from '${connectors}'
    import { sinkHarness, sinkRecord, sourceHarness } from '${testing}'
  `
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', imports + script], {
    timeout: 60_000,
  })
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

const withoutTime = ({ time_ms: time, ...line }: Record<string, unknown>): Record<string, unknown> => {
  assert.ok(Math.abs((time as number) - Date.now()) < 60_000)
  return line
}

test('the source prints each record when it is made, and again when it is stored; a restart counts on', async () => {
  const lines = await printed(`
    const source = sourceHarness(verifiableSource, { name: 'c', topic: 't', throughput: '1000' }, { connector: 'c', maxTasks: 3, task: 2 })
    await source.start()
    const record = await source.take(1)
    await source.commit()
    await source.restart()
    const [next] = await source.take(1)
    console.log(JSON.stringify(next))
    await source.stop()
  `)
  const seqnos = lines
    .filter(({ name, committed }) => name === 'c' && committed === undefined)
    .map(({ seqno }) => seqno)
  assert.deepEqual(
    seqnos,
    Array.from(seqnos, (_seqno, i) => i),
  )
  assert.deepEqual(withoutTime(lines[0] ?? {}), { name: 'c', task: 2, topic: 't', seqno: 0 })
  const committed = lines.filter((line) => line['committed'] === true)
  assert.deepEqual(withoutTime(committed[0] ?? {}), { committed: true, name: 'c', task: 2, topic: 't', seqno: 0 })
  const seqno = committed.length
  assert.deepEqual(lines.at(-1), {
    topic: 't',
    keySchema: { type: 'INT32', optional: false },
    key: 2,
    valueSchema: { type: 'INT64', optional: false },
    value: seqno,
    sourcePartition: { id: 2 },
    sourceOffset: { seqno },
  })
})

test('the members of printed lines come in the order of Kafka Connect', async () => {
  const lines = await printed(`
    const source = sourceHarness(verifiableSource, { topic: 't', throughput: '0' })
    await source.start()
    await source.poll()
    await source.commit()
    const sink = sinkHarness(verifiableSink, { topics: 't' }, { partitions: [{ topic: 't', partition: 0 }] })
    await sink.start()
    await sink.put(sinkRecord({ topic: 't', key: 1, value: 2, kafkaOffset: 3 }))
    await sink.commit()
  `)
  assert.deepEqual(
    lines.map((line) => Object.keys(line).join()),
    [
      'task,seqno,time_ms,name,topic',
      'committed,task,seqno,time_ms,name,topic',
      'task,seqno,offset,time_ms,name,topic,sinkTask',
      'task,seqno,offset,time_ms,name,topic,sinkTask,flushed',
    ],
  )
})

test('with complete.record.data, values are structs of all that is printed', async () => {
  const [line, record] = await printed(`
    const source = sourceHarness(verifiableSource, { topic: 't', throughput: '0', 'complete.record.data': 'TRUE' }, { connector: 'c' })
    await source.start()
    const [record] = await source.take(1)
    console.log(JSON.stringify(record))
  `)
  assert.deepEqual(record?.['value'], line)
  const { fields } = (record ?? {})['valueSchema'] as { fields: { name: string; schema: { type: string } }[] }
  assert.deepEqual(
    fields.map(({ name, schema }) => `${name} ${schema.type}`),
    ['name STRING', 'task INT32', 'topic STRING', 'time_ms INT64', 'seqno INT64'],
  )
})

test('throughput holds records back, 0 after the first, a negative one not at all', async () => {
  const [first, second, free, slow] = await printed(`
    const counted = async (throughput, polls) => {
      const source = sourceHarness(verifiableSource, { topic: 't', throughput })
      await source.start()
      let records = 0
      for (let i = 0; i < polls; i++) records += (await source.poll())?.length ?? 0
      await source.stop()
      return records
    }
    const counts = [await counted('0', 1), await counted('0', 3), await counted('-1', 20)]
    const began = performance.now()
    const slow = await counted('100', 30)
    const most = (performance.now() - began) / 10 + 1
    process.stdout.write('', () => console.log([...counts, slow > 1 && slow <= most].map((count) => JSON.stringify({ count })).join('\\n')))
  `).then((lines) => lines.slice(-4).map(({ count }) => count))
  assert.deepEqual([first, second, free, slow], [1, 1, 2000, true])
})

test('the sink prints each record when it arrives, and again when its partition is flushed', async () => {
  const lines = await printed(`
    const partitions = [{ topic: 'a', partition: 0 }, { topic: 'a', partition: 1 }]
    const sink = sinkHarness(verifiableSink, { topics: 'a' }, { connector: 'c', maxTasks: 2, task: 1, partitions })
    await sink.start()
    await sink.put(
      sinkRecord({ topic: 'a', key: 1, value: 2, kafkaOffset: 10 }),
      sinkRecord({ topic: 'a', kafkaPartition: 1, key: null, value: 9007199254740993n, kafkaOffset: 11 }),
    )
    await sink.commit()
    await sink.commit()
    await sink.kill()
  `)
  const of = (line: object): object => ({ name: 'c', sinkTask: 1, topic: 'a', ...line })
  const arrivals = [of({ task: 1, seqno: 2, offset: 10 }), of({ task: null, seqno: 9007199254740992, offset: 11 })]
  assert.deepEqual(lines.map(withoutTime), [...arrivals, ...arrivals.map((line) => ({ ...line, flushed: true }))])
})

test('every task has its number as id, so that a worker of Kafka Connect can run it too', () => {
  for (const plugin of [verifiableSource, verifiableSink])
    assert.deepEqual(plugin.taskConfigs?.({} as never, 2, { topic: 't' }), [
      { topic: 't', id: '0' },
      { topic: 't', id: '1' },
    ])
})

test('offsets that another program stored, and a missing throughput, are told of', async () => {
  const source = sourceHarness(verifiableSource, { topic: 't', throughput: '1' })
  source.committed.set('{"id":0}', { seqno: 'x' })
  await assert.rejects(source.start(), /seqno "x", which is no number: reset/)
  await assert.rejects(sourceHarness(verifiableSource, { topic: 't' }).start(), /required configuration "throughput"/)
})
