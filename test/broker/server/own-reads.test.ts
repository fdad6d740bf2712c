import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, test } from 'node:test'
import { withOwnReads } from '../../../src/broker/server/own-reads.ts'
import { withoutOwnReads } from '../../support/own-reads.ts'
import { freePort } from '../../support/free-port.ts'

// Both ways in which the sockets of clients are read: into memory of ours, and as Node reads them where that cannot be had.

let server: Server | null = null
let client: Socket | null = null

/** A socket that a server accepted without reading, and the client at its other end. */
async function accept(): Promise<{ accepted: Socket; client: Socket }> {
  const port = await freePort()
  server = createServer({ pauseOnConnect: true }).listen(port, '127.0.0.1')
  await once(server, 'listening')
  client = connect(port, '127.0.0.1')
  const [accepted] = (await once(server, 'connection')) as [Socket]
  return { accepted, client }
}

/** Sends `bytes` through and gives what the callback got: the bytes, and the buffers that they lay in. */
async function send(
  accepted: Socket,
  client: Socket,
  bytes: Uint8Array,
): Promise<{ socket: Socket; received: Buffer; buffers: Set<ArrayBufferLike>; memory: Buffer }> {
  const memory = Buffer.alloc(1000)
  const parts: Buffer[] = []
  const buffers = new Set<ArrayBufferLike>()
  const socket = withOwnReads(accepted, {
    buffer: () => memory,
    callback: (count, from) => {
      buffers.add(from.buffer)
      parts.push(Buffer.from(from.subarray(0, count)))
      return true
    },
  })
  assert.equal(parts.length, 0)
  socket.resume()
  client.end(bytes)
  await once(socket, 'end')
  return { socket, received: Buffer.concat(parts), buffers, memory }
}

afterEach(async () => {
  const closing = server
  server = null
  client?.destroy()
  // Waits for the connections: an accepted socket that the server has lost sight of would be left behind, or waited for in vain.
  if (closing?.listening) await new Promise((resolve) => closing.close(resolve))
})

const sent = Buffer.from(Array.from({ length: 100_000 }, (_, i) => i % 251))

test('an accepted socket reads into the memory that it is given', async () => {
  const { accepted, client } = await accept()
  const { socket, received, buffers, memory } = await send(accepted, client, sent)
  assert.ok(received.equals(sent))
  assert.ok(buffers.size === 1 && buffers.has(memory.buffer))
  assert.ok(socket !== accepted)
})

test('where that cannot be had it is read as it is, and gives the same bytes', async () => {
  const { accepted, client } = await accept()
  const restore = withoutOwnReads(accepted)
  try {
    const { socket, received, buffers, memory } = await send(accepted, client, sent)
    assert.ok(received.equals(sent))
    assert.ok(!buffers.has(memory.buffer))
    assert.ok(socket === accepted)
  } finally {
    restore()
  }
})

test('a socket that was closed before it could be taken over gives nothing', async () => {
  const { accepted, client } = await accept()
  accepted.destroy()
  client.on('error', () => undefined)
  const socket = withOwnReads(accepted, { buffer: () => Buffer.alloc(10), callback: () => assert.fail('it was read') })
  socket.resume()
  assert.ok(socket === accepted)
  client.destroy()
})
