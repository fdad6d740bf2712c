import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NetworkMeter } from '../../../src/client/network-meter.ts'
import { newErrorCounters } from '../../../src/runtime/errors/error-handler.ts'
import { declarationOf } from '../../../src/runtime/metrics/declarations.ts'
import { RebalanceMeter } from '../../../src/runtime/metrics/rebalance-meter.ts'
import { sensorSettings } from '../../../src/runtime/metrics/sensor-settings.ts'
import { packTaskMetrics, unpackTaskMetrics } from '../../../src/runtime/metrics/task-metrics.ts'
import { StartupMeter } from '../../../src/runtime/metrics/startup-meter.ts'
import { StateClock } from '../../../src/runtime/metrics/state-clock.ts'
import { SinkTaskMeter, SourceTaskMeter, type TaskMeterOptions } from '../../../src/runtime/metrics/task-meter.ts'

const sensors = { windowMs: 1000, samples: 2 }

function meterOptions(given: Partial<TaskMeterOptions> = {}) {
  const clock = { now: 0 }
  const options: TaskMeterOptions = {
    id: { connector: 'c', task: 3 },
    target: 'STARTED',
    errors: newErrorCounters(),
    sensors,
    now: () => clock.now,
    ...given,
  }
  return { clock, options }
}

test('a state clock gives the part of the time that each state had', () => {
  const states = new StateClock<'a' | 'b'>('a', 100)
  assert.equal(states.ratio('a', 100), 0)
  states.change('b', 400)
  states.change('b', 450)
  states.change('a', 500)
  assert.equal(states.state, 'a')
  assert.equal(states.ratio('a', 700), 500 / 600)
  assert.equal(states.ratio('b', 700), 100 / 600)
})

test('a source task counts polls and writes, and knows what is still on its way', () => {
  const { clock, options } = meterOptions()
  const meter = new SourceTaskMeter(options)
  clock.now = 100
  meter.polled(50, 8, 0)
  meter.settled(50)
  clock.now = 200
  meter.polled(10, 4, 50)
  meter.written(60, 0)
  clock.now = 300
  meter.polled(0, 1, 0)
  const { own, common, status, kind, connector, task } = meter.snapshot()
  assert.deepEqual([kind, connector, task, status], ['source', 'c', 3, 'running'])
  assert.equal(own['source-record-poll-total'], 60)
  assert.equal(own['source-record-write-total'], 60)
  assert.equal(own['source-record-poll-rate'], 60 / 1.2)
  assert.equal(own['source-record-write-rate'], 60 / 1.1)
  assert.equal(own['poll-batch-max-time-ms'], 8)
  assert.equal(own['poll-batch-avg-time-ms'], 13 / 3)
  assert.equal(own['source-record-active-count'], 0)
  assert.equal(own['source-record-active-count-max'], 60)
  assert.equal(own['source-record-active-count-avg'], 110 / 4)
  assert.equal(common['batch-size-max'], 50)
  assert.equal(common['batch-size-avg'], 20)
})

test('records that transforms drop are on their way no more', () => {
  const { options } = meterOptions()
  const meter = new SourceTaskMeter(options)
  meter.polled(50, 8, 0)
  meter.settled(0)
  assert.equal(meter.snapshot().own['source-record-active-count'], 0)
})

test('a sink task counts reads, puts and commits', () => {
  const { clock, options } = meterOptions()
  const meter = new SinkTaskMeter(options)
  meter.assigned(4)
  meter.read(30)
  meter.put(0, 1)
  meter.put(20, 9)
  meter.active(20)
  meter.commitStarted()
  meter.committed(6)
  meter.active(0)
  meter.commitStarted()
  meter.commitFailed()
  meter.commitStarted()
  meter.commitSkipped()
  clock.now = 500
  const { own, common } = meter.snapshot()
  assert.equal(own['sink-record-read-total'], 30)
  assert.equal(own['sink-record-read-rate'], 30 / 1.5)
  assert.equal(own['sink-record-send-total'], 20)
  assert.equal(own['put-batch-max-time-ms'], 9)
  assert.equal(own['put-batch-avg-time-ms'], 5)
  assert.equal(own['partition-count'], 4)
  assert.equal(own['offset-commit-seq-no'], 3)
  assert.equal(own['offset-commit-completion-total'], 1)
  assert.equal(own['offset-commit-skip-total'], 1)
  assert.equal(own['sink-record-active-count'], 0)
  assert.equal(own['sink-record-active-count-max'], 20)
  assert.equal(own['sink-record-active-count-avg'], 10)
  assert.equal(common['offset-commit-max-time-ms'], 6)
  assert.equal(common['offset-commit-success-percentage'], 0.5)
  assert.equal(common['offset-commit-failure-percentage'], 0.5)
  assert.equal(common['batch-size-avg'], 10)
})

test('a task that begins paused has been paused all its time', () => {
  const { clock, options } = meterOptions({ target: 'PAUSED' })
  const meter = new SourceTaskMeter(options)
  clock.now = 300
  meter.enter('running')
  clock.now = 400
  const { common, status } = meter.snapshot()
  assert.equal(status, 'running')
  assert.equal(common['pause-ratio'], 0.75)
  assert.equal(common['running-ratio'], 0.25)
})

test('every number of a snapshot is a declared attribute, and the other way round', () => {
  const { options } = meterOptions()
  const check = (type: string, values: Readonly<Record<string, number>>): void => {
    const declared = Object.entries(declarationOf('connect', type, ['connector', 'task'])?.attributes ?? {})
    const numbers = declared.filter(([, { kind }]) => kind === 'number').map(([name]) => name)
    assert.deepEqual(Object.keys(values).toSorted(), numbers.toSorted(), type)
  }
  const source = new SourceTaskMeter(options).snapshot()
  const sink = new SinkTaskMeter(options).snapshot()
  check('connector-task-metrics', source.common)
  check('source-task-metrics', source.own)
  check('sink-task-metrics', sink.own)
  check('task-error-metrics', sink.errors)
})

test('starts count as successes when they run and as failures when they fail first', () => {
  const starts = new StartupMeter('task', sensors, () => 0)
  starts.begin('good')
  starts.report('good', 'RUNNING')
  starts.report('good', 'PAUSED')
  starts.report('good', 'FAILED')
  starts.begin('bad')
  starts.report('bad', 'FAILED')
  starts.begin('paused')
  starts.report('paused', 'PAUSED')
  starts.report('paused', 'RUNNING')
  starts.begin('failed later')
  starts.report('failed later', 'RUNNING')
  starts.report('failed later', 'FAILED')
  starts.begin('good')
  starts.report('good', 'RUNNING')
  assert.deepEqual(starts.values(), {
    'task-startup-attempts-total': 4,
    'task-startup-success-total': 3,
    'task-startup-success-percentage': 0.75,
    'task-startup-failure-total': 1,
    'task-startup-failure-percentage': 0.25,
  })
})

test('a rebalance lasts from its assignment until work has begun', () => {
  let now = 1000
  const meter = new RebalanceMeter(sensors, () => now)
  assert.equal(meter.values()['time-since-last-rebalance-ms'], Infinity)
  meter.started()
  assert.equal(meter.values()['rebalancing'], 1)
  now = 1040
  meter.completed()
  now = 1100
  assert.deepEqual(meter.values(), {
    'completed-rebalances-total': 1,
    rebalancing: 0,
    'rebalance-max-time-ms': 40,
    'rebalance-avg-time-ms': 40,
    'time-since-last-rebalance-ms': 60,
  })
})

test('the windows come from the worker properties', () => {
  assert.deepEqual(sensorSettings({}), { windowMs: 30_000, samples: 2 })
  assert.deepEqual(sensorSettings({ 'metrics.sample.window.ms': ' 500 ', 'metrics.num.samples': '5' }), {
    windowMs: 500,
    samples: 5,
  })
})

test('task metrics cross threads without their names and come out the same', () => {
  const { options } = meterOptions()
  const sink = new SinkTaskMeter(options)
  sink.read(7)
  sink.put(7, 3)
  const source = new SourceTaskMeter(options)
  const network = new NetworkMeter(sensors)
  network.opened()
  network.sent(100)
  source.use({ id: 'producer-1', meter: network })
  for (const metrics of [sink.snapshot(), source.snapshot()]) {
    assert.deepEqual(unpackTaskMetrics(structuredClone(packTaskMetrics(metrics))), metrics)
  }
})
