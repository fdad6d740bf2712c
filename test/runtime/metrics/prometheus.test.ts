import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Exposition, labelsText } from '../../../src/runtime/metrics/exposition.ts'
import type { MetricGroup } from '../../../src/runtime/metrics/group.ts'
import { addGroups } from '../../../src/runtime/metrics/prometheus.ts'
import type { NameStyle } from '../../../src/runtime/metrics/prometheus-names.ts'
import { parsePrometheusText } from '../../support/prometheus-text.ts'

const groups: readonly MetricGroup[] = [
  {
    domain: 'connect',
    type: 'app-info',
    tags: { 'client-id': 'w' },
    values: { version: '1', 'commit-id': 'abc', 'start-time-ms': 5000 },
  },
  { domain: 'connect', type: 'connect-worker-metrics', tags: {}, values: { 'task-count': 2 } },
  {
    domain: 'connect',
    type: 'connect-worker-metrics',
    tags: { connector: 'c' },
    values: { 'connector-failed-task-count': 1 },
  },
  {
    domain: 'connect',
    type: 'connect-worker-rebalance-metrics',
    tags: {},
    values: { 'leader-name': 'http://a/', 'completed-rebalances-total': 3, 'time-since-last-rebalance-ms': Infinity },
  },
  {
    domain: 'connect',
    type: 'connect-coordinator-metrics',
    tags: { 'client-id': 'w' },
    values: { 'assigned-tasks': 2 },
  },
  { domain: 'connect', type: 'connect-metrics', tags: { 'client-id': 'w' }, values: { 'outgoing-byte-rate': 7.5 } },
  {
    domain: 'connect',
    type: 'connector-metrics',
    tags: { connector: 'c' },
    values: { status: 'running', 'connector-class': 'x.Y' },
  },
  {
    domain: 'connect',
    type: 'connector-task-metrics',
    tags: { connector: 'c', task: '0' },
    values: { status: 'failed', 'batch-size-avg': Number.NaN, 'key-converter-class': 'k.K', 'task-version': '2' },
  },
  {
    domain: 'connect',
    type: 'task-error-metrics',
    tags: { connector: 'c', task: '0' },
    values: { 'total-retries': 4 },
  },
  {
    domain: 'connect',
    type: 'connector-transform-metrics',
    tags: { connector: 'c', task: '0', transform: 't' },
    values: { 'transform-class': 't.T', 'transform-version': '3' },
  },
  { domain: 'producer', type: 'producer-metrics', tags: { 'client-id': 'p' }, values: { 'request-total': 9 } },
]

async function linesOf(...styles: NameStyle[]): Promise<string[]> {
  const page = new Exposition()
  await addGroups(page, groups, styles)
  const text = page.toString()
  parsePrometheusText(text)
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
}

test('the names of the JMX exporter example and of Strimzi', async () => {
  assert.deepEqual(await linesOf('jmx-exporter'), [
    'kafka_connect_version_info{clientid="w",version="1"} 1',
    'kafka_connect_commit_id_info{clientid="w",commit_id="abc"} 1',
    'kafka_connect_start_time_seconds{clientid="w"} 5',
    'kafka_connect_worker_task_count 2',
    'kafka_connect_worker_connector_failed_task_count{connector="c"} 1',
    'kafka_connect_worker_rebalance_leader_name{leader_name="http://a/"} 1',
    'kafka_connect_worker_rebalance_completed_rebalances_total 3',
    'kafka_connect_worker_rebalance_time_since_last_rebalance_ms +Inf',
    'kafka_connect_coordinator_assigned_tasks{clientid="w"} 2',
    'kafka_connect_outgoing_byte_rate{clientid="w"} 7.5',
    'kafka_connect_connector_status{connector="c",status="running"} 1',
    'kafka_connect_connector_connector_class{connector="c",connector_class="x.Y"} 1',
    'kafka_connect_connector_task_status{connector="c",task="0",status="failed"} 1',
    'kafka_connect_connector_task_batch_size_avg{connector="c",task="0"} NaN',
    'kafka_connect_connector_task_info{connector="c",task="0",task_version="2",key_converter_class="k.K"} 1',
    'kafka_connect_task_error_total_retries{connector="c",task="0"} 4',
    'kafka_connect_connector_transform_info{connector="c",task="0",transform="t",transform_class="t.T",transform_version="3"} 1',
    'kafka_producer_request_total{clientid="p"} 9',
  ])
})

test("the names of Confluent's stacks and of the Strimzi Metrics Reporter", async () => {
  assert.deepEqual((await linesOf('confluent')).toSorted(), [
    'kafka_connect_app_info{client_id="w",commit_id="abc"} 1',
    'kafka_connect_app_info{client_id="w",start_time_ms="5000"} 1',
    'kafka_connect_app_info{client_id="w",version="1"} 1',
    'kafka_connect_app{client_id="w",commit_id="abc"} 1',
    'kafka_connect_app{client_id="w",start_time_ms="5000"} 1',
    'kafka_connect_app{client_id="w",version="1"} 1',
    'kafka_connect_connect_coordinator_metrics_assigned_tasks{client_id="w"} 2',
    'kafka_connect_connect_metrics_outgoing_byte_rate{client_id="w"} 7.5',
    'kafka_connect_connect_worker_metrics_connector_failed_task_count{connector="c"} 1',
    'kafka_connect_connect_worker_metrics_task_count{connector="aggregate"} 2',
    'kafka_connect_connect_worker_rebalance_metrics_completed_rebalances 3',
    'kafka_connect_connect_worker_rebalance_metrics_completed_rebalances_total 3',
    'kafka_connect_connect_worker_rebalance_metrics_leader_name_info{leader_name="http://a/"} 1',
    'kafka_connect_connect_worker_rebalance_metrics_time_since_last_rebalance_ms +Inf',
    'kafka_connect_connector_metrics_connector_class_info{connector="c",connector_class="x.Y"} 1',
    'kafka_connect_connector_metrics_status_info{connector="c",status="running"} 1',
    'kafka_connect_connector_metrics{connector="c",connector_class="x.Y"} 1',
    'kafka_connect_connector_metrics{connector="c",status="running"} 1',
    'kafka_connect_connector_task_metrics_batch_size_avg{connector="c",task="0"} NaN',
    'kafka_connect_connector_task_metrics_status_info{connector="c",task="0",status="failed"} 1',
    'kafka_connect_task_error_metrics_total_retries{connector="c",task="0"} 4',
    'kafka_producer_producer_metrics_request_total{client_id="p",client_type="producer"} 9',
  ])
})

test("the names of Debezium's example", async () => {
  assert.deepEqual(await linesOf('debezium'), [
    'kafka_connect_worker_metrics_task_count 2',
    'kafka_connect_metrics_outgoing_byte_rate{client="w"} 7.5',
  ])
})

test('the names of all styles go together on one page', async () => {
  const lines = await linesOf('jmx-exporter', 'confluent', 'debezium')
  assert.equal(lines.length, 18 + 22 + 2)
})

test('names with quotes, backslashes and line ends survive the way through the text', () => {
  const page = new Exposition()
  const name = 'a "b"\\n\\\nc,d="e"} 1'
  page.add('m', 'A help\nwith \\ in it.', labelsText([['connector', name]]), 1)
  const family = parsePrometheusText(page.toString()).get('m')
  assert.deepEqual(family?.series, [{ labels: { connector: name }, value: 1 }])
  assert.equal(family?.help, 'A help\\nwith \\\\ in it.')
})
