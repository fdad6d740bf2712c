import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ResponseReader } from '../../src/client/response-reader.ts'

function framed(body: Buffer): Buffer {
  const size = Buffer.alloc(4)
  size.writeInt32BE(body.length)
  return Buffer.concat([size, body])
}

/** Feeds bytes as a socket does, at most `step` at a time. */
function feed(reader: ResponseReader, bytes: Buffer, step: number): void {
  for (let at = 0; at < bytes.length; ) {
    const target = reader.target()
    const count = Math.min(step, target.length, bytes.length - at)
    target.set(bytes.subarray(at, at + count))
    reader.received(count)
    at += count
  }
}

test('frames come out whole however the bytes arrive', () => {
  const bodies = [5, 70000, 4, 65536, 65532, 300000, 10, 11, 12].map((size, i) => Buffer.alloc(size, i + 1))
  const bytes = Buffer.concat(bodies.map(framed))
  for (const step of [1, 3, 1000, 65536, 1_000_000]) {
    const frames: Uint8Array[] = []
    feed(new ResponseReader(1_000_000, (frame) => frames.push(frame)), bytes, step)
    assert.equal(frames.length, bodies.length)
    for (const [i, frame] of frames.entries()) assert.ok(bodies[i]?.equals(frame), `frame ${i}, ${step} at a time`)
  }
})

test('a frame that was handed out is not written over by the next ones', () => {
  const frames: Uint8Array[] = []
  const reader = new ResponseReader(100, (frame) => frames.push(frame))
  feed(reader, framed(Buffer.from('first')), 100)
  feed(reader, framed(Buffer.from('other')), 100)
  assert.equal(Buffer.from(frames[0] ?? []).toString(), 'first')
})

test('sizes that no response has are refused', () => {
  for (const size of [-1, 0, 3, 101]) {
    const bytes = Buffer.alloc(8)
    bytes.writeInt32BE(size)
    assert.throws(() => feed(new ResponseReader(100, () => {}), bytes, 100), new RegExp(`size of ${size} bytes`))
  }
})
