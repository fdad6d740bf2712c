import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Writable } from 'node:stream'
import { test } from 'node:test'
import { writeChunks } from '../../src/net/index.ts'

/** A socket that keeps what it is given, chunk by chunk. */
function recorder(highWaterMark = 1 << 20): { socket: Writable; written: Buffer[] } {
  const written: Buffer[] = []
  const socket = new Writable({
    highWaterMark,
    write(chunk: Buffer, _encoding, done) {
      written.push(chunk)
      setImmediate(done)
    },
    writev(chunks, done) {
      for (const { chunk } of chunks) written.push(chunk as Buffer)
      setImmediate(done)
    },
  })
  return { socket, written }
}

async function ended(socket: Writable): Promise<void> {
  socket.end()
  await once(socket, 'finish')
}

test('chunks arrive in order, small ones together and large ones uncopied', async () => {
  const { socket, written } = recorder()
  const large = Buffer.alloc(50_000, 9)
  const chunks = [
    Buffer.from('size'),
    Buffer.from('header'),
    large,
    Buffer.alloc(0),
    Buffer.from('a'),
    Buffer.from('b'),
  ]
  assert.equal(writeChunks(socket, chunks), true)
  await ended(socket)
  assert.deepEqual(Buffer.concat(written), Buffer.concat(chunks))
  assert.deepEqual(
    written.map((chunk) => chunk.length),
    [10, 50_000, 2],
  )
  assert.equal(written[1]?.buffer, large.buffer)
})

test('a full socket is told to the caller, for one chunk and for many', async () => {
  for (const chunks of [[Buffer.alloc(200)], [Buffer.alloc(5000), Buffer.alloc(10)]]) {
    const { socket, written } = recorder(100)
    assert.equal(writeChunks(socket, chunks), false)
    await ended(socket)
    assert.equal(Buffer.concat(written).length, Buffer.concat(chunks).length)
  }
})

test('the caller is told when everything was sent, and never if the socket broke before', async () => {
  for (const chunks of [[Buffer.alloc(200)], [Buffer.alloc(5000), Buffer.alloc(10)]]) {
    const { socket, written } = recorder()
    const sent = new Promise<number>((resolve) => {
      writeChunks(socket, chunks, () => resolve(Buffer.concat(written).length))
    })
    assert.equal(await sent, Buffer.concat(chunks).length)
    const broken = new Writable({ write: (_chunk, _encoding, done) => setImmediate(done, new Error('reset')) })
    let isSent = false
    writeChunks(broken, chunks, () => (isSent = true))
    await once(broken, 'error')
    assert.equal(isSent, false)
  }
})

test('no chunks and empty chunks write nothing', async () => {
  const { socket, written } = recorder()
  assert.equal(writeChunks(socket, []), true)
  assert.equal(writeChunks(socket, [Buffer.alloc(0), Buffer.alloc(0)]), true)
  await ended(socket)
  assert.deepEqual(written, [])
})
