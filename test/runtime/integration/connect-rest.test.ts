import assert from 'node:assert/strict'
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { ConnectCluster } from '../../support/connect-cluster.ts'
import { readTopic } from '../../support/read-topic.ts'
import { eventually } from '../../support/task-runner.ts'

// Kafka's system test connect_rest_test.

const FILE_SOURCE = 'org.apache.kafka.connect.file.FileStreamSourceConnector'
const FILE_SINK = 'org.apache.kafka.connect.file.FileStreamSinkConnector'
const JSON_CONVERTER = 'org.apache.kafka.connect.json.JsonConverter'

const words = (text: string): Set<string> => new Set(text.split(/\s+/).filter((word) => word !== ''))
const common =
  'name connector.class connector.plugin.version tasks.max tasks.max.enforce key.converter key.converter.plugin.version ' +
  'value.converter value.converter.plugin.version header.converter header.converter.plugin.version file transforms ' +
  'predicates config.action.reload errors.retry.timeout errors.retry.delay.max.ms errors.tolerance errors.log.enable ' +
  'errors.log.include.messages'
const sourceKeys = words(
  `${common} topic batch.size topic.creation.groups exactly.once.support transaction.boundary ` +
    'transaction.boundary.interval.ms offsets.storage.topic',
)
const sinkKeys = words(
  `${common} topics topics.regex errors.deadletterqueue.topic.name ` +
    'errors.deadletterqueue.topic.replication.factor errors.deadletterqueue.context.headers.enable',
)

for (const protocol of ['compatible', 'eager']) {
  test(`test_rest_api with connect.protocol=${protocol}: two file connectors from their validation to their deletion`, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'connect-rest-'))
    t.after(() => rm(folder, { recursive: true, force: true }))
    const cluster = await ConnectCluster.start(2, {
      'connect.protocol': protocol,
      'key.converter': JSON_CONVERTER,
      'value.converter': JSON_CONVERTER,
      'config.providers': 'file',
      'config.providers.file.class': 'org.apache.kafka.common.config.provider.FileConfigProvider',
    })
    t.after(() => cluster.close())
    const external = join(folder, 'external.properties')
    await writeFile(external, 'topic.external=test\n')
    const [first, second, output] = [join(folder, 'input'), join(folder, 'input2'), join(folder, 'output')]
    const source = {
      name: 'local-file-source',
      'connector.class': FILE_SOURCE,
      'tasks.max': '1',
      file: first,
      topic: `\${file:${external}:topic.external}`,
    }
    const sink = {
      name: 'local-file-sink',
      'connector.class': FILE_SINK,
      'tasks.max': '1',
      file: output,
      topics: `\${file:${external}:topic.external}`,
    }
    const arrived = async (lines: readonly string[]): Promise<void> => {
      await eventually(
        async () => (await readFile(output, 'utf8').catch(() => '')) === `${lines.join('\n')}\n`,
        `${lines.join()} in the output`,
        20_000,
      )
    }

    assert.deepEqual(await cluster.expect(200, 'GET', '/connectors'), [])
    const plugins = (await cluster.expect(200, 'GET', '/connector-plugins')) as { class: string }[]
    for (const name of [FILE_SOURCE, FILE_SINK]) assert.ok(plugins.some((plugin) => plugin.class === name))
    for (const [config, keys] of [
      [source, sourceKeys],
      [sink, sinkKeys],
    ] as const) {
      const path = `/connector-plugins/${config['connector.class']}/config/validate`
      const { error_count, configs } = (await cluster.expect(200, 'PUT', path, config)) as {
        error_count: number
        configs: { value: { name: string } }[]
      }
      assert.equal(error_count, 0)
      assert.deepEqual(new Set(configs.map(({ value }) => value.name)), keys)
    }

    for (const config of [source, sink]) {
      await cluster.expect(201, 'POST', '/connectors', { name: config.name, config })
      await cluster.until(config.name, 'RUNNING', 1)
    }
    const names = (await cluster.expect(200, 'GET', '/connectors')) as string[]
    assert.deepEqual(names.toSorted(), [sink.name, source.name])
    await appendFile(first, 'foo\nbar\nbaz\n')
    await arrived(['foo', 'bar', 'baz'])
    await cluster.expect(409, 'POST', '/connectors', { name: source.name, config: source })

    for (const [config, taskClass, type] of [
      [source, 'org.apache.kafka.connect.file.FileStreamSourceTask', 'source'],
      [sink, 'org.apache.kafka.connect.file.FileStreamSinkTask', 'sink'],
    ] as const) {
      const id = { connector: config.name, task: 0 }
      const path = `/connectors/${config.name}`
      assert.deepEqual(await cluster.expect(200, 'GET', path), { name: config.name, config, tasks: [id], type })
      assert.deepEqual(await cluster.expect(200, 'GET', `${path}/config`), config)
      const [task, ...others] = (await cluster.expect(200, 'GET', `${path}/tasks`)) as { id: unknown; config: object }[]
      assert.deepEqual(others, [])
      assert.deepEqual(task, { id, config: { ...config, 'task.class': taskClass } })
    }

    await cluster.expect(200, 'PUT', `/connectors/${source.name}/config`, { ...source, file: second })
    await cluster.until(source.name, 'RUNNING', 1)
    await appendFile(second, 'razz\nma\ntazz\n')
    await arrived(['foo', 'bar', 'baz', 'razz', 'ma', 'tazz'])
    const records = await readTopic(cluster.broker.bootstrap, 'test', 6)
    assert.equal(records[0]?.value, '{"schema":{"type":"string","optional":false},"payload":"foo"}')

    for (const { name } of [source, sink]) {
      await cluster.expect(204, 'DELETE', `/connectors/${name}`)
      await cluster.untilGone(name)
    }
    assert.deepEqual(await cluster.expect(200, 'GET', '/connectors'), [])
  })
}
