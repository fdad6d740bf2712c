import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { metricDeclarations } from '../../src/runtime/metrics/declarations.ts'
import { snake } from '../../src/runtime/metrics/prometheus-names.ts'
import { startTestBroker, type TestBroker } from '../support/broker.ts'
import { startTestWorker, type TestWorker } from '../support/connect-worker.ts'
import { type ParsedFamily, parsePrometheusText } from '../support/prometheus-text.ts'
import { eventually } from '../support/task-runner.ts'

const json = 'org.apache.kafka.connect.json.JsonConverter'
const oddName = 'sink "of" back\\slashes'
const secret = 'pa55word-in-a-password-setting'
let folder: string
let broker: TestBroker
let worker: TestWorker

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'metrics-'))
  broker = await startTestBroker()
  worker = await startTestWorker(broker.bootstrap, { 'metrics.sample.window.ms': '60000' })
})

after(async () => {
  await worker?.stop()
  await broker?.close()
  await rm(folder, { recursive: true, force: true })
})

async function page(query = ''): Promise<{ text: string; families: Map<string, ParsedFamily> }> {
  const response = await fetch(new URL(`metrics${query}`, worker.urls[0]))
  assert.equal(response.status, 200)
  assert.equal(response.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8')
  const text = await response.text()
  return { text, families: parsePrometheusText(text) }
}

/** The value of the one series of a family that has these labels; undefined when there is none. */
function valueOf(families: Map<string, ParsedFamily>, name: string, labels: Record<string, string> = {}) {
  const found = (families.get(name)?.series ?? []).filter((series) =>
    Object.entries(labels).every(([label, value]) => series.labels[label] === value),
  )
  assert.ok(found.length <= 1, `${name} has ${found.length} series with ${JSON.stringify(labels)}`)
  return found[0]?.value
}

async function create(name: string, config: Record<string, string>): Promise<void> {
  const answer = await worker.call('PUT', `connectors/${encodeURIComponent(name)}/config`, config)
  assert.equal(answer.status, 201, JSON.stringify(answer.body))
}

test('a page of a worker without connectors has the worker, the group and the process', async () => {
  const families = await eventually(async () => {
    const { families: found } = await page('?names=jmx-exporter')
    return valueOf(found, 'kafka_connect_worker_rebalance_completed_rebalances_total') === 1 ? found : null
  }, 'the first rebalance')
  assert.equal(valueOf(families, 'kafka_connect_worker_connector_count'), 0)
  assert.equal(
    valueOf(families, 'kafka_connect_worker_rebalance_connect_protocol', { connect_protocol: 'SESSIONED' }),
    1,
  )
  assert.equal(
    valueOf(families, 'kafka_connect_worker_rebalance_leader_name', { leader_name: worker.advertisedUrl }),
    1,
  )
  assert.equal(valueOf(families, 'kafka_connect_worker_rebalance_epoch'), 1)
  assert.equal(valueOf(families, 'kafka_connect_coordinator_join_total'), 1)
  // The first JoinGroup of a new member brings its id only (KIP-394).
  assert.equal(valueOf(families, 'kafka_connect_coordinator_failed_rebalance_total'), 1)
  assert.equal(valueOf(families, 'kafka_connect_coordinator_sync_total'), 1)
  assert.equal(valueOf(families, 'kafka_connect_coordinator_rebalance_total'), 1)
  assert.ok((valueOf(families, 'kafka_connect_request_total') ?? 0) > 0)
  assert.ok((valueOf(families, 'kafka_connect_connection_count') ?? 0) > 0)
  assert.ok((valueOf(families, 'process_cpu_seconds_total') ?? 0) > 0)
  assert.ok((valueOf(families, 'process_resident_memory_bytes') ?? 0) > 10_000_000)
  assert.ok(families.has('nodejs_eventloop_lag_seconds'))
  assert.equal(families.get('process_cpu_seconds_total')?.type, 'counter')
})

test('every sensor of a source and a sink moves as Kafka Connect has it', async () => {
  await create('counting', {
    'connector.class': 'test.CountingSource',
    'tasks.max': '1',
    topic: 'numbers',
    count: '500',
    'per.poll': '100',
    'value.converter': json,
    transforms: 'drop',
    'transforms.drop.type': 'org.apache.kafka.connect.transforms.Filter',
    'transforms.drop.predicate': 'never',
    predicates: 'never',
    'predicates.never.type': 'org.apache.kafka.connect.transforms.predicates.HasHeaderKey',
    'predicates.never.name': 'no-such-header',
  })
  await create(oddName, {
    'connector.class': 'test.CollectingSink',
    'tasks.max': '1',
    topics: 'numbers',
    out: join(folder, 'out.jsonl'),
    'value.converter': json,
    'consumer.override.sasl.jaas.config': secret,
  })
  const sink = { connector: oddName, task: '0' }
  const source = { connector: 'counting', task: '0' }
  const families = await eventually(
    async () => {
      const { families: found } = await page('?names=jmx-exporter')
      const value = (name: string, labels: Record<string, string>) => valueOf(found, `kafka_connect_${name}`, labels)
      const isDone =
        value('sink_task_sink_record_send_total', sink) === 500 &&
        value('sink_task_sink_record_active_count', sink) === 0 &&
        (value('source_task_source_record_write_total', source) ?? 0) === 500 &&
        (value('connector_task_offset_commit_success_percentage', source) ?? 0) > 0
      return isDone ? found : null
    },
    '500 records to go from the source to the sink',
    60_000,
  )
  const of = (labels: Record<string, string>) => (name: string) => valueOf(families, `kafka_connect_${name}`, labels)

  const fromSource = of(source)
  assert.equal(fromSource('source_task_source_record_poll_total'), 500)
  assert.ok(between(fromSource('source_task_source_record_poll_rate'), 0.1, 500))
  assert.ok(between(fromSource('source_task_source_record_write_rate'), 0.1, 500))
  assert.ok(between(fromSource('source_task_poll_batch_max_time_ms'), 0, 5000))
  assert.ok(between(fromSource('source_task_poll_batch_avg_time_ms'), 0, 5000))
  assert.equal(fromSource('source_task_source_record_active_count'), 0)
  assert.ok(between(fromSource('source_task_source_record_active_count_max'), 100, 500))
  assert.ok(between(fromSource('source_task_source_record_active_count_avg'), 0.1, 500))
  assert.equal(fromSource('connector_task_batch_size_max'), 100)
  assert.equal(fromSource('connector_task_batch_size_avg'), 100)
  assert.equal(fromSource('connector_task_offset_commit_failure_percentage'), 0)
  assert.ok(between(fromSource('connector_task_offset_commit_max_time_ms'), 0, 5000))
  assert.ok(between(fromSource('connector_task_offset_commit_avg_time_ms'), 0, 5000))
  assert.equal(fromSource('connector_task_running_ratio'), 1)
  assert.equal(fromSource('connector_task_pause_ratio'), 0)

  const fromSink = of(sink)
  assert.equal(fromSink('sink_task_sink_record_read_total'), 500)
  assert.ok(between(fromSink('sink_task_sink_record_read_rate'), 0.1, 500))
  assert.ok(between(fromSink('sink_task_sink_record_send_rate'), 0.1, 500))
  assert.ok(between(fromSink('sink_task_put_batch_max_time_ms'), 0, 5000))
  assert.ok(between(fromSink('sink_task_put_batch_avg_time_ms'), 0, 5000))
  assert.equal(fromSink('sink_task_partition_count'), 1)
  assert.ok((fromSink('sink_task_offset_commit_seq_no') ?? 0) >= 1)
  assert.ok((fromSink('sink_task_offset_commit_completion_total') ?? 0) >= 1)
  assert.ok((fromSink('sink_task_offset_commit_completion_rate') ?? 0) > 0)
  assert.equal(fromSink('sink_task_offset_commit_skip_total'), 0)
  assert.ok(between(fromSink('sink_task_sink_record_active_count_max'), 1, 500))
  assert.equal(fromSink('connector_task_offset_commit_success_percentage'), 1)
  assert.ok(between(fromSink('connector_task_batch_size_max'), 1, 500))

  assert.equal(valueOf(families, 'kafka_connect_worker_connector_count'), 2)
  assert.equal(valueOf(families, 'kafka_connect_worker_task_count'), 2)
  assert.equal(valueOf(families, 'kafka_connect_worker_connector_running_task_count', { connector: oddName }), 1)
  assert.equal(valueOf(families, 'kafka_connect_worker_task_startup_success_total'), 2)
  assert.equal(valueOf(families, 'kafka_connect_coordinator_assigned_connectors'), 2)
  assert.equal(valueOf(families, 'kafka_connect_coordinator_assigned_tasks'), 2)
  assert.equal(valueOf(families, 'kafka_connect_connector_status', { connector: oddName, status: 'running' }), 1)
  assert.equal(valueOf(families, 'kafka_connect_connector_transform_info', { ...source, transform: 'drop' }), 1)
  assert.equal(
    valueOf(families, 'kafka_connect_connector_predicate_info', {
      ...source,
      predicate_class: 'org.apache.kafka.connect.transforms.predicates.HasHeaderKey',
    }),
    1,
  )
  assert.equal(valueOf(families, 'kafka_connect_connector_task_info', { ...source, value_converter_class: json }), 1)
  const consumer = { clientid: `connector-consumer-${oddName}-0` }
  assert.equal(valueOf(families, 'kafka_consumer_fetch_manager_records_consumed_total', consumer), 500)
  assert.ok((valueOf(families, 'kafka_consumer_fetch_manager_bytes_consumed_total', consumer) ?? 0) > 500)
  assert.ok(between(valueOf(families, 'kafka_consumer_fetch_manager_records_lag_max', consumer), 0, 500))
  const producer = { clientid: 'connector-producer-counting-0' }
  assert.ok((valueOf(families, 'kafka_producer_outgoing_byte_total', producer) ?? 0) > 500)
  assert.ok((valueOf(families, 'kafka_consumer_incoming_byte_total', consumer) ?? 0) > 500)
})

test('every declared attribute is on the page, under its names', async () => {
  const { families, text } = await page()
  for (const { domain, type, tags, attributes } of metricDeclarations) {
    for (const [name, { kind }] of Object.entries(attributes)) {
      const confluent = `kafka_${domain}_${snake(type)}_${snake(name)}`
      const label = snake(name)
      const isThere =
        kind === 'number'
          ? families.has(confluent) || (type === 'app-info' && families.has('kafka_connect_start_time_seconds'))
          : text.includes(`${label}="`)
      assert.ok(isThere, `${type} ${tags.join(', ')}: ${name}`)
    }
  }
})

test('what existing boards query is on the page', async () => {
  const boards = JSON.parse(
    await readFile(new URL('../fixtures/board-metrics.json', import.meta.url), 'utf8'),
  ) as Record<string, string[]>
  /** Of the JVM's network thread, its admin clients and single brokers, and one of a company's own rules. */
  const notThere = new Set([
    'kafka_connect_connect_metrics_io_ratio',
    'kafka_connect_io_ratio',
    'kafka_connect_connector_info',
    'kafka_admin_client_connection_count',
    'kafka_admin_client_admin_client_metrics_connection_count',
    'kafka_producer_producer_metrics_outgoing_byte',
    'kafka_producer_producer_node_metrics_incoming_byte',
  ])
  const { families } = await page()
  for (const [board, names] of Object.entries(boards)) {
    const missing = names.filter((name) => !families.has(name) && !notThere.has(name))
    assert.deepEqual(missing, [], board)
  }
})

test('no secret is on the page', async () => {
  const { text } = await page()
  assert.ok(!text.includes(secret))
})

test('a paused task is counted as paused, and its time as such', async () => {
  await worker.call('PUT', 'connectors/counting/pause')
  const labels = { connector: 'counting' }
  const families = await eventually(async () => {
    const { families: found } = await page('?names=confluent')
    const isPaused = [
      valueOf(found, 'kafka_connect_connect_worker_metrics_connector_paused_task_count', labels),
      valueOf(found, 'kafka_connect_connector_task_metrics_status_info', { ...labels, status: 'paused' }),
      // The connector and its task are paused each in its own time.
      valueOf(found, 'kafka_connect_connector_metrics', { ...labels, status: 'paused' }),
    ].every((value) => value === 1)
    return isPaused ? found : null
  }, 'the pause')
  assert.ok((valueOf(families, 'kafka_connect_connector_task_metrics_pause_ratio', labels) ?? 0) > 0)
  assert.ok((valueOf(families, 'kafka_connect_connector_task_metrics_running_ratio', labels) ?? 1) < 1)
})

test('records that fail, are skipped and become dead letters are counted', async () => {
  const count = 7
  await create('texts', {
    'connector.class': 'test.CountingSource',
    'tasks.max': '1',
    topic: 'texts',
    count: String(count),
  })
  await create('faulty', {
    'connector.class': 'test.CollectingSink',
    'tasks.max': '1',
    topics: 'texts',
    out: join(folder, 'faulty.jsonl'),
    'value.converter': json,
    'errors.tolerance': 'all',
    'errors.log.enable': 'true',
    'errors.deadletterqueue.topic.name': 'dead',
    'errors.deadletterqueue.topic.replication.factor': '1',
  })
  const labels = { connector: 'faulty', task: '0' }
  const families = await eventually(async () => {
    const { families: found } = await page('?names=jmx-exporter')
    return valueOf(found, 'kafka_connect_task_error_total_records_skipped', labels) === count ? found : null
  }, `${count} records to be skipped`)
  const value = (name: string) => valueOf(families, `kafka_connect_task_error_${name}`, labels)
  assert.equal(value('total_record_failures'), count)
  assert.equal(value('total_record_errors'), count)
  assert.equal(value('total_errors_logged'), count)
  assert.equal(value('total_retries'), 0)
  assert.equal(value('deadletterqueue_produce_requests'), count)
  assert.equal(value('deadletterqueue_produce_failures'), 0)
  assert.ok(Math.abs((value('last_error_timestamp') ?? 0) - Date.now()) < 60_000)
  assert.equal(valueOf(families, 'kafka_connect_sink_task_sink_record_read_total', labels), count)
  assert.equal(valueOf(families, 'kafka_connect_sink_task_sink_record_send_total', labels), 0)
})

test('a task that cannot start is counted as a failed start and as failed', async () => {
  await create('broken', {
    'connector.class': 'test.CollectingSink',
    'tasks.max': '1',
    topics: 'texts',
    out: join(folder, 'no-such-folder', 'x.jsonl'),
  })
  const families = await eventually(async () => {
    const { families: found } = await page('?names=jmx-exporter')
    const failed = valueOf(found, 'kafka_connect_worker_connector_failed_task_count', { connector: 'broken' })
    return failed === 1 ? found : null
  }, 'the failure')
  assert.equal(valueOf(families, 'kafka_connect_worker_task_startup_failure_total'), 1)
  assert.equal(valueOf(families, 'kafka_connect_worker_task_startup_attempts_total'), 5)
  assert.equal(valueOf(families, 'kafka_connect_worker_task_startup_failure_percentage'), 0.2)
  assert.equal(valueOf(families, 'kafka_connect_connector_task_status', { connector: 'broken', status: 'failed' }), 1)
})

test('metrics of a deleted connector go away', async () => {
  await worker.call('DELETE', 'connectors/broken')
  await eventually(async () => !(await page()).text.includes('"broken"'), 'the end of its metrics')
})

test('other names than known ones are refused, and so are other methods', async () => {
  const call = (method: string, path: string) => fetch(new URL(path, worker.urls[0]), { method })
  const unknown = await call('GET', 'metrics?names=graphite')
  assert.equal(unknown.status, 400)
  assert.deepEqual(await unknown.json(), {
    error_code: 400,
    message: 'Unknown names=graphite: use one or more of jmx-exporter, confluent, debezium',
  })
  assert.equal((await call('POST', 'metrics')).status, 405)
  const options = await call('OPTIONS', 'metrics')
  assert.equal(options.headers.get('allow'), 'GET,HEAD,OPTIONS')
  const some = await page('?names=debezium,jmx-exporter')
  assert.ok(some.families.has('kafka_connect_worker_metrics_task_count'))
  assert.ok(!some.families.has('kafka_connect_connect_worker_metrics_task_count'))
})

test('a Prometheus that asks for its own media types is answered', async () => {
  const accept = 'application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.5'
  const response = await fetch(new URL('metrics', worker.urls[0]), { headers: { accept } })
  assert.equal(response.status, 200)
  await response.text()
})

test('a standalone worker has everything but the group', async () => {
  const standalone = await startTestWorker(
    broker.bootstrap,
    { 'offset.storage.file.filename': join(folder, 'offsets') },
    { standalone: true },
  )
  try {
    const response = await fetch(new URL('metrics', standalone.urls[0]))
    const families = parsePrometheusText(await response.text())
    assert.equal(valueOf(families, 'kafka_connect_worker_connector_count'), 0)
    assert.ok(!families.has('kafka_connect_worker_rebalance_epoch'))
    assert.ok(!families.has('kafka_connect_coordinator_assigned_tasks'))
  } finally {
    await standalone.stop()
  }
})

test('a task that failed together with its thread still shows as failed', async () => {
  await create('ending', { 'connector.class': 'test.MisbehavingSource', 'tasks.max': '1', where: 'poll', how: 'exit' })
  const labels = { connector: 'ending', task: '0' }
  await eventually(
    async () => {
      const { families } = await page('?names=jmx-exporter')
      return valueOf(families, 'kafka_connect_connector_task_status', { ...labels, status: 'failed' }) === 1
    },
    'the failure',
    30_000,
  )
})

function between(value: number | undefined, low: number, high: number): boolean {
  return value !== undefined && value >= low && value <= high
}
