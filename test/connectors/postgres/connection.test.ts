import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { isConnectError } from 'millrace/connect'
import { confluentConfig, confluentSettings } from '../../../connectors/postgres/config.ts'
import { connect, parseAddress } from '../../../connectors/postgres/connection.ts'

const parse = (url: string) => parseAddress({ url, user: null, password: null })

test('user, password and database in the address may be escaped', () => {
  const { user, password, database } = parse('jdbc:postgresql://a%40b:p%25w@host/my%20db')
  assert.deepEqual([user, password, database], ['a@b', 'p%w', 'my db'])
})

test('an address that cannot be read names the setting and never shows the password', () => {
  for (const url of ['jdbc:postgresql://u:s3cr%zzet@host/db', 'jdbc:postgresql://u:s3cret@[host/db']) {
    assert.throws(
      () => parse(url),
      (error: Error) => error.message.includes('connection.url') && !error.message.includes('s3cr'),
    )
  }
})

/** Connects, in two attempts, to a server that does this with each connection. Gives how many came, and the error. */
async function failure(t: TestContext, onSocket: (socket: Socket) => void): Promise<[number, Error]> {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => undefined)
    onSocket(socket)
  })
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  const props = confluentConfig.parse({
    'connection.url': `jdbc:postgresql://127.0.0.1:${port}/db?sslmode=disable&connectTimeout=0.3`,
    'connection.attempts': '2',
    'connection.backoff.ms': '1',
    mode: 'bulk',
    'topic.prefix': 'p',
  })
  try {
    await connect(confluentSettings(props), 'test', AbortSignal.timeout(10_000))
  } catch (error) {
    if (isConnectError(error, 'RetriableError')) return [sockets.length, error]
    throw error
  }
  throw new Error('it is connected')
}

test('a server that does not answer within connectTimeout is tried again, and then said to be out of reach', async (t) => {
  const [attempts, { message }] = await failure(t, () => undefined)
  assert.equal(attempts, 2)
  assert.match(
    message,
    /^Connecting failed: cannot reach PostgreSQL at 127\.0\.0\.1:\d+\/db: timeout expired\. Check connec/,
  )
})

test('a connection that the other side closes or resets is tried again, and then said to have broken', async (t) => {
  for (const end of [(socket: Socket) => socket.end(), (socket: Socket) => socket.resetAndDestroy()]) {
    const [attempts, { message }] = await failure(t, (socket) => socket.once('data', () => end(socket)))
    assert.equal(attempts, 2)
    assert.match(
      message,
      /the connection to PostgreSQL at .* broke and will be tried again: (?:Connection terminated unexpectedly|.*ECONNRESET)/,
    )
  }
})
