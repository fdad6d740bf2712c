import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startTestBroker, type TestBroker } from '../../support/broker.ts'
import { startTestWorker, type TestWorker } from '../../support/connect-worker.ts'
import { eventually } from '../../support/task-runner.ts'

interface Status {
  readonly connector: { readonly state: string; readonly trace?: string }
  readonly tasks: readonly { readonly state: string; readonly trace?: string }[]
}

let broker: TestBroker
let worker: TestWorker

before(async () => {
  broker = await startTestBroker()
  worker = await startTestWorker(broker.bootstrap)
})

after(async () => {
  await worker?.stop()
  await broker?.close()
})

async function statusOf(
  kind: 'Source' | 'Sink',
  mode: string,
  isReached: (status: Status) => boolean,
): Promise<Status> {
  const name = `${kind}-${mode}`
  const config = {
    'connector.class': `org.apache.kafka.connect.tools.Mock${kind}Connector`,
    mock_mode: mode,
    delay_ms: '300',
    ...(kind === 'Sink' ? { topics: 'nothing' } : {}),
  }
  assert.equal((await worker.call('PUT', `connectors/${name}/config`, config)).status, 201)
  return eventually(async () => {
    const status = (await worker.call('GET', `connectors/${name}/status`)).body as Status
    return status.connector !== undefined && isReached(status) ? status : null
  }, `${name} to fail`)
}

for (const kind of ['Source', 'Sink'] as const) {
  test(`a Mock${kind} of connector-failure is FAILED with a trace, its task runs on`, async () => {
    // Its task may start later than it fails.
    const { connector, tasks } = await statusOf(
      kind,
      'connector-failure',
      (status) => status.connector.state === 'FAILED' && status.tasks[0]?.state === 'RUNNING',
    )
    assert.match(connector.trace ?? '', /Failing 300 ms after the start/)
    assert.deepEqual(
      tasks.map(({ state }) => state),
      ['RUNNING'],
    )
  })

  test(`a Mock${kind} of task-failure has a FAILED task with a trace, and runs on`, async () => {
    const { connector, tasks } = await statusOf(kind, 'task-failure', (status) => status.tasks[0]?.state === 'FAILED')
    assert.match(tasks[0]?.trace ?? '', /Failing 300 ms after the start/)
    assert.equal(connector.state, 'RUNNING')
  })
}
