import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { silentLogger } from '../../../src/base/logger.ts'
import * as views from '../../../src/runtime/herder/connector-views.ts'
import { PluginDirectory } from '../../../src/runtime/herder/plugin-directory.ts'
import { restartPlan } from '../../../src/runtime/herder/restart-plan.ts'
import { MemoryLog } from '../../../src/runtime/standalone/memory-log.ts'
import type { Properties } from '../../../src/runtime/stores/config-records.ts'
import { ConfigState } from '../../../src/runtime/stores/config-state.ts'
import type { Status } from '../../../src/runtime/stores/status-records.ts'
import { StatusStore } from '../../../src/runtime/stores/status-store.ts'
import { fakePlugins } from '../../support/fake-task-runner.ts'
import { testWorkerConfig } from '../../support/task-runner.ts'

const plugins = new PluginDirectory(fakePlugins)
const entry = (state: Status, trace: string | null = null) => ({
  state,
  trace,
  workerId: 'workerId',
  generation: 5,
  version: '1.2.3',
})

/** The statuses of a worker that is alone, so that what is written is read at once. */
function statusStore(): StatusStore {
  const { statusStorage } = testWorkerConfig('localhost:9092')
  return new StatusStore(statusStorage, (_topic, _use, listener) => new MemoryLog(listener), silentLogger)
}

/** A configured connector with tasks. */
function stateWith(config: Properties, tasks: number): ConfigState {
  const state = new ConfigState()
  state.apply({ type: 'connector', connector: 'c', properties: config })
  for (let task = 0; task < tasks; task++)
    state.apply({ type: 'task', id: { connector: 'c', task }, properties: { k: 'v' } })
  state.apply({ type: 'commit', connector: 'c', tasks })
  return state
}

const config = { name: 'c', 'connector.class': 'fake.FakeSourceConnector' }
const missing = { name: 'c', 'connector.class': 'missing' }

describe('AbstractHerderTest', () => {
  test('testConnectors: those that are configured', () => {
    assert.deepEqual(stateWith(config, 3).connectors(), ['c'])
  })

  for (const [name, given, type] of [
    ['testConnectorStatus', config, 'source'],
    ['testConnectorStatusMissingPlugin', missing, 'unknown'],
  ] as const) {
    test(`${name}: its state, its tasks' and its type`, () => {
      const statuses = statusStore()
      statuses.putConnector('c', entry('RUNNING'))
      statuses.putTask({ connector: 'c', task: 0 }, { ...entry('UNASSIGNED'), version: null })
      assert.deepEqual(views.connectorStatus(stateWith(given, 1), statuses, plugins, 'c'), {
        name: 'c',
        connector: { state: 'RUNNING', worker_id: 'workerId', version: '1.2.3' },
        tasks: [{ id: 0, state: 'UNASSIGNED', worker_id: 'workerId', version: null }],
        type,
      })
    })
  }

  for (const [name, given, type] of [
    ['testConnectorInfo', config, 'source'],
    ['testConnectorInfoMissingPlugin', missing, 'unknown'],
  ] as const) {
    test(`${name}: its configuration, tasks and type`, () => {
      assert.deepEqual(views.connectorInfo(stateWith(given, 3), plugins, 'c'), {
        name: 'c',
        config: given,
        tasks: [0, 1, 2].map((task) => ({ connector: 'c', task })),
        type,
      })
    })
  }

  test('testTaskStatus: a failure with its trace', () => {
    const statuses = statusStore()
    const id = { connector: 'c', task: 0 }
    statuses.putTask(id, entry('FAILED', 'Error: it broke'))
    assert.deepEqual(views.taskStatus(stateWith(config, 1), statuses, id), {
      id: 0,
      state: 'FAILED',
      worker_id: 'workerId',
      version: '1.2.3',
      trace: 'Error: it broke',
    })
  })

  test('a status of a task whose connector was deleted is none', () => {
    const statuses = statusStore()
    const id = { connector: 'c', task: 0 }
    statuses.putTask(id, entry('RUNNING'))
    const state = stateWith(config, 1)
    state.apply({ type: 'connector', connector: 'c', properties: null })
    assert.throws(() => views.taskStatus(state, statuses, id), { message: 'No status found for task c-0' })
  })

  for (const [name, className, type] of [
    ['testGetConnectorTypeWithMissingPlugin', 'AnotherPlugin', 'unknown'],
    ['testGetConnectorTypeWithNullConfig', null, 'unknown'],
    ['testGetConnectorTypeWithEmptyConfig', undefined, 'unknown'],
    ['a connector of a known class has its type', 'FakeSink', 'sink'],
    ['with blanks around the class, as it starts with', ' fake.FakeSourceConnector ', 'source'],
  ] as const) {
    test(`${name}: ${type}`, () => {
      assert.equal(views.connectorType(plugins, className), type)
    })
  }

  test('testBuildRestartPlanForUnknownConnector: there is no status to make one of', () => {
    assert.throws(() => views.connectorStatus(new ConfigState(), statusStore(), plugins, 'UnknownConnector'), {
      name: 'NotFoundError',
    })
  })

  for (const [name, options, connector, tasks] of [
    ['testBuildRestartPlanForConnectorAndTasks', { onlyFailed: false, includeTasks: true }, true, [1, 2]],
    ['testBuildRestartPlanForNoRestart', { onlyFailed: true, includeTasks: false }, false, []],
    ['of failed ones with tasks the failed task alone', { onlyFailed: true, includeTasks: true }, false, [2]],
  ] as const) {
    test(`${name}: by the statuses as they are`, () => {
      const statuses = statusStore()
      statuses.putConnector('c', entry('RUNNING'))
      statuses.putTask({ connector: 'c', task: 1 }, entry('RUNNING'))
      statuses.putTask({ connector: 'c', task: 2 }, entry('FAILED', 'trace'))
      const plan = restartPlan(views.connectorStatus(stateWith(config, 3), statuses, plugins, 'c'), options)
      assert.equal(plan.connector, connector)
      assert.deepEqual([...plan.tasks], tasks)
      assert.deepEqual(
        plan.outlook.tasks.filter(({ state }) => state === 'RESTARTING').map(({ id }) => id),
        tasks,
      )
    })
  }
})
