import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, connect } from 'node:net'
import { test } from 'node:test'
import { withDeadline } from '../../src/base/deadline.ts'
import { OpenServer } from '../../src/rest/open-server.ts'
import { eventually } from '../support/task-runner.ts'

interface Opened {
  readonly server: OpenServer
  readonly port: number
  /** Answers that are due, in the order of their requests. */
  readonly due: ServerResponse[]
}

async function open(): Promise<Opened> {
  const due: ServerResponse[] = []
  const http = createServer((_request, response) => due.push(response))
  const server = new OpenServer(http)
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  return { server, port: (http.address() as AddressInfo).port, due }
}

async function ask(port: number, agent: Agent): Promise<IncomingMessage> {
  const sent = request({ port, host: '127.0.0.1', agent }).end()
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  response.resume()
  await once(response, 'end')
  return response
}

test('a server without requests closes at once, whatever connections there are', async (t) => {
  const { server, port, due } = await open()
  const agent = new Agent({ keepAlive: true })
  t.after(() => agent.destroy())
  const answered = ask(port, agent)
  await eventually(() => due.length === 1, 'the request')
  due[0]?.end('first')
  assert.equal((await answered).headers.connection, 'keep-alive')
  const silent = connect(port, '127.0.0.1')
  await once(silent, 'connect')
  const begun = performance.now()
  await server.close()
  assert.ok(performance.now() - begun < 5000, `${performance.now() - begun} ms`)
  silent.destroy()
})

test('a server of https does not wait for a connection that never becomes secure', async () => {
  const https = createHttpsServer({}, (_request, response) => response.end())
  const server = new OpenServer(https)
  https.listen(0, '127.0.0.1')
  await once(https, 'listening')
  const accepted = once(https, 'connection')
  const silent = connect((https.address() as AddressInfo).port, '127.0.0.1')
  await accepted
  await withDeadline(server.close(), 10_000, 'Closing')
  silent.destroy()
})

test('a closing server lets requests under way have their answers, then closes their connections, and takes no others', async (t) => {
  const { server, port, due } = await open()
  const agent = new Agent({ keepAlive: true })
  t.after(() => agent.destroy())
  const answers = [ask(port, agent), ask(port, agent)]
  await eventually(() => due.length === 2, 'the requests')
  let isClosed = false
  const closed = server.close().then(() => (isClosed = true))
  await assert.rejects(ask(port, new Agent()), /ECONNREFUSED/)
  due[0]?.end('one')
  await Promise.race(answers)
  assert.equal(isClosed, false)
  due[1]?.end('two')
  for (const { statusCode, headers } of await Promise.all(answers)) {
    assert.equal(statusCode, 200)
    assert.equal(headers.connection, 'close')
  }
  await closed
})
