import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { after, before, describe, test } from 'node:test'
import { readFileSync } from 'node:fs'
import { type RunningWorker, startWorker } from '../../src/rest/start-worker.ts'
import { startTestBroker, type TestBroker } from '../support/broker.ts'
import { type Certificates, makeCertificates } from '../support/certificates.ts'
import { testWorkerProps } from '../support/connect-worker.ts'
import { recordingPino } from '../support/recording-pino.ts'
import { eventually } from '../support/task-runner.ts'

// Two workers that talk over mutual TLS alone and ask for a password.

const made = await makeCertificates()
const password = 'l0velace-of-the-cluster'

describe('a cluster with mutual TLS and basic authentication', {
  skip: made === null ? 'openssl is not installed' : false,
}, () => {
  const certificates = made as Certificates
  const { logger, lines } = recordingPino()
  let folder: string
  let broker: TestBroker
  let workers: RunningWorker[] = []

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-secured-'))
    const [users, jaas] = [join(folder, 'users.properties'), join(folder, 'jaas.conf')]
    await writeFile(users, `ada=${password}\n`)
    const module = 'org.apache.kafka.connect.rest.basic.auth.extension.PropertyFileLoginModule'
    await writeFile(jaas, `KafkaConnect { ${module} required file="${users}"; };`)
    broker = await startTestBroker()
    const props = testWorkerProps(broker.bootstrap, {
      listeners: 'https://127.0.0.1:0',
      'rest.extension.classes': 'org.apache.kafka.connect.rest.basic.auth.extension.BasicAuthSecurityRestExtension',
      'java.security.auth.login.config': jaas,
      'listeners.https.ssl.keystore.type': 'PKCS12',
      'listeners.https.ssl.keystore.location': certificates.p12File,
      'listeners.https.ssl.keystore.password': certificates.password,
      'listeners.https.ssl.truststore.type': 'PEM',
      'listeners.https.ssl.truststore.location': certificates.caFile,
      'listeners.https.ssl.client.auth': 'required',
    })
    workers = [await startWorker(props, { logger }), await startWorker(props, { logger })]
    await Promise.all(workers.map((worker) => worker.started))
  })

  after(async () => {
    await Promise.all(workers.map((worker) => worker.stop()))
    await broker?.close()
    await rm(folder, { recursive: true, force: true })
    await made?.remove()
  })

  async function ask(
    worker: number,
    method: string,
    path: string,
    body?: object,
    auth: string | undefined = `ada:${password}`,
  ) {
    const pem = readFileSync(certificates.pemFile)
    const outgoing = request(new URL(path, workers[worker]?.urls[0]), {
      method,
      agent: false,
      ca: certificates.ca,
      key: pem,
      cert: pem,
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      ...(auth === '' ? {} : { auth }),
    })
    const answered = once(outgoing, 'response')
    outgoing.end(body === undefined ? undefined : JSON.stringify(body))
    const [incoming] = (await answered) as [IncomingMessage]
    return { status: incoming.statusCode, location: incoming.headers.location, body: await text(incoming) }
  }

  test('any worker creates, restarts and deletes connectors, whoever is the leader, and tasks run', async () => {
    for (const worker of [0, 1]) {
      const name = `secured-${worker}`
      const config = {
        'connector.class': 'org.apache.kafka.connect.file.FileStreamSourceConnector',
        topic: 't',
        file: '/dev/null',
        name,
      }
      const answer = await eventually(async () => {
        const found = await ask(worker, 'POST', 'connectors', { name, config })
        return found.status === 409 ? null : found
      }, 'the end of the rebalance')
      assert.equal(answer.status, 201, answer.body)
      assert.equal(answer.location, `${workers[worker]?.urls[0]}connectors/${name}`)
    }
    for (const worker of [0, 1]) {
      // Tasks need the signed request of the owner to the leader, which has no password.
      await eventually(async () => {
        const status = JSON.parse((await ask(worker, 'GET', `connectors/secured-${worker}/status`)).body) as {
          tasks?: { state: string }[]
        }
        return status.tasks?.[0]?.state === 'RUNNING' ? true : null
      }, 'a running task')
    }
    for (const worker of [0, 1]) {
      const restart = await eventually(async () => {
        const found = await ask(worker, 'POST', `connectors/secured-${1 - worker}/tasks/0/restart`)
        return found.status === 409 ? null : found
      }, 'the end of the rebalance')
      assert.equal(restart.status, 204, restart.body)
    }
    const gone = await eventually(async () => {
      const found = await ask(0, 'DELETE', 'connectors/secured-1')
      return found.status === 409 ? null : found
    }, 'the end of the rebalance')
    assert.equal(gone.status, 204, gone.body)
  })

  test('who has no password, or a wrong one, is told nothing; who has no certificate is not even asked', async () => {
    for (const auth of ['', 'ada:wrong', 'eve:x']) {
      const { status, body } = await ask(0, 'GET', 'connectors', undefined, auth)
      assert.deepEqual([status, body], [401, 'User cannot access the resource.'])
    }
    const outgoing = request(new URL('connectors', workers[0]?.urls[0]), { agent: false, ca: certificates.ca })
    outgoing.end()
    await assert.rejects(once(outgoing, 'response'))
  })

  test('no password of people or stores is in the log', () => {
    const text = JSON.stringify(lines)
    assert.ok(text.includes('REST extension registered'))
    for (const secret of [password, certificates.password, Buffer.from(`ada:${password}`).toString('base64')]) {
      assert.ok(!text.includes(secret))
    }
  })
})
