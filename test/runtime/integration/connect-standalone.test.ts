import assert from 'node:assert/strict'
import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { startTestBroker, type TestBroker } from '../../support/broker.ts'
import { startTestWorker, type TestWorker } from '../../support/connect-worker.ts'
import { readTopic } from '../../support/read-topic.ts'
import { eventually } from '../../support/task-runner.ts'

/** Kafka's system test connect_test: a file through a topic into another file, by a standalone worker. */
describe('connect_test', () => {
  let broker: TestBroker
  let folder: string

  before(async () => {
    broker = await startTestBroker()
    folder = await mkdtemp(join(tmpdir(), 'connect-standalone-'))
  })

  after(async () => {
    await broker?.close()
    await rm(folder, { recursive: true, force: true })
  })

  const json = (line: string): string => JSON.stringify(line)
  for (const [title, converter, schemas, stored] of [
    [
      'JSON with schemas',
      'JsonConverter',
      'true',
      (line: string) => `{"schema":{"type":"string","optional":false},"payload":${json(line)}}`,
    ],
    ['JSON without schemas', 'JsonConverter', 'false', json],
    ['text', 'StringConverter', null, (line: string) => line],
  ] as const) {
    test(`test_file_source_and_sink with ${title}: every line arrives, and after a restart only what is new`, async (t) => {
      const topic = `lines-${converter}-${schemas}`
      const [input, output] = [join(folder, `${topic}.in`), join(folder, `${topic}.out`)]
      const start = async (): Promise<TestWorker> => {
        const worker = await startTestWorker(
          broker.bootstrap,
          {
            'offset.storage.file.filename': join(folder, `${topic}.offsets`),
            'key.converter': converter,
            'value.converter': converter,
            ...(schemas === null
              ? {}
              : { 'key.converter.schemas.enable': schemas, 'value.converter.schemas.enable': schemas }),
          },
          { standalone: true },
        )
        t.after(() => worker.stop())
        for (const [name, config] of Object.entries({
          [`source-${topic}`]: { 'connector.class': 'FileStreamSource', file: input, topic },
          [`sink-${topic}`]: { 'connector.class': 'FileStreamSink', file: output, topics: topic },
        })) {
          const { status } = await worker.call('POST', '/connectors', { name, config })
          assert.equal(status, 201)
        }
        return worker
      }
      const arrived = async (lines: readonly string[]): Promise<void> => {
        await eventually(
          async () => (await readFile(output, 'utf8').catch(() => '')) === `${lines.join('\n')}\n`,
          'the same lines in the output',
          30_000,
        )
      }

      const first = ['foo', 'bar', 'baz']
      const second = ['razz', 'ma', 'tazz']
      await appendFile(input, `${first.join('\n')}\n`)
      const before = await start()
      await arrived(first)
      await before.stop()
      await appendFile(input, `${second.join('\n')}\n`)
      await start()
      await arrived([...first, ...second])
      const records = await readTopic(broker.bootstrap, topic, 6)
      assert.deepEqual(
        records.map(({ value }) => value),
        [...first, ...second].map(stored),
      )
    })
  }
})
