import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { FrameReader, FrameSizeError } from '../../src/net/index.ts'

function framed(...bodies: Uint8Array[]): Buffer {
  return Buffer.concat(
    bodies.flatMap((body) => {
      const prefix = Buffer.alloc(4)
      prefix.writeInt32BE(body.length)
      return [prefix, body]
    }),
  )
}

function read(reader: FrameReader, chunks: Uint8Array[]): string[] {
  return chunks.flatMap((chunk) => reader.push(chunk)).map((frame) => Buffer.from(frame).toString('hex'))
}

describe('a frame reader', () => {
  const bodies = [Buffer.from('first'), Buffer.alloc(0), Buffer.from('x'), Buffer.alloc(300, 7), Buffer.alloc(0)]
  const stream = framed(...bodies)
  const expected = bodies.map((body) => body.toString('hex'))

  test('cuts one chunk with many frames', () => {
    assert.deepEqual(read(new FrameReader(), [stream]), expected)
  })

  test('joins frames that are split at any byte', () => {
    for (let at = 0; at <= stream.length; at++) {
      const reader = new FrameReader()
      assert.deepEqual(read(reader, [stream.subarray(0, at), stream.subarray(at)]), expected, `split at ${at}`)
      assert.equal(reader.pendingBytes, 0)
    }
  })

  test('joins frames that come byte by byte, each as soon as it is whole', () => {
    const reader = new FrameReader()
    const completedAt: number[] = []
    for (let at = 0; at < stream.length; at++) {
      for (const frame of reader.push(stream.subarray(at, at + 1))) {
        assert.equal(Buffer.from(frame).toString('hex'), expected[completedAt.length])
        completedAt.push(at + 1)
      }
    }
    assert.deepEqual(completedAt, [9, 13, 18, 322, 326])
  })

  test('gives the same frames however the stream is split', () => {
    const body = fc.oneof(fc.uint8Array({ maxLength: 10 }), fc.uint8Array({ minLength: 100, maxLength: 2000 }))
    fc.assert(
      fc.property(fc.array(body), fc.array(fc.integer({ min: 1, max: 700 })), (frames, sizes) => {
        const bytes = framed(...frames)
        const chunks: Uint8Array[] = []
        let at = 0
        for (const size of sizes) {
          chunks.push(bytes.subarray(at, at + size))
          at += size
        }
        chunks.push(bytes.subarray(at))
        const hex = frames.map((frame) => Buffer.from(frame).toString('hex'))
        assert.deepEqual(read(new FrameReader(), chunks), hex)
      }),
    )
  })

  test('counts what it holds back', () => {
    const reader = new FrameReader()
    reader.push(stream.subarray(0, 3))
    assert.equal(reader.pendingBytes, 3)
    reader.push(stream.subarray(3, 6))
    assert.equal(reader.pendingBytes, 6)
    reader.push(stream.subarray(6, 9))
    assert.equal(reader.pendingBytes, 0)
  })

  test('gives frames that stay when the bytes they came in are overwritten', () => {
    const chunk = Buffer.from(stream)
    const frames = new FrameReader().push(chunk)
    chunk.fill(0xff)
    assert.deepEqual(
      frames.map((frame) => Buffer.from(frame).toString('hex')),
      expected,
    )
  })

  test('has the rest of a large frame read to its place', () => {
    const body = Buffer.from(Uint8Array.from({ length: 300_000 }, (_none, i) => i * 7))
    const bytes = framed(body, Buffer.from('next'))
    const reader = new FrameReader()
    const frames: Uint8Array[] = []
    let targets = 0
    for (let at = 0; at < bytes.length; ) {
      const target = reader.target()
      targets++
      const count = Math.min(target.length, bytes.length - at)
      bytes.copy(target, 0, at, at + count)
      frames.push(...reader.push(target.subarray(0, count)))
      at += count
    }
    assert.equal(targets, 3, 'the beginning, the rest, and the frame that follows')
    assert.ok(body.equals(frames[0] as Uint8Array))
    assert.equal(Buffer.from(frames[1] as Uint8Array).toString(), 'next')
  })
})

describe('a frame reader refuses', () => {
  for (const size of [-1, -2147483648, 1001, 2147483647]) {
    test(`a size of ${size} where 1000 is the limit`, () => {
      const prefix = Buffer.alloc(4)
      prefix.writeInt32BE(size)
      assert.throws(() => new FrameReader({ maxFrameBytes: 1000 }).push(prefix), FrameSizeError)
      const slow = new FrameReader({ maxFrameBytes: 1000 })
      slow.push(prefix.subarray(0, 2))
      assert.throws(() => slow.push(prefix.subarray(2)), FrameSizeError)
    })
  }

  test('nothing up to its limit', () => {
    assert.equal(new FrameReader({ maxFrameBytes: 1000 }).push(framed(Buffer.alloc(1000))).length, 1)
  })

  test('to reserve memory for bytes that have only been announced', () => {
    const prefix = Buffer.alloc(5)
    prefix.writeInt32BE(100_000_000)
    const before = process.memoryUsage().arrayBuffers
    const reader = new FrameReader()
    reader.push(prefix)
    assert.ok(process.memoryUsage().arrayBuffers - before < 4_000_000)
    assert.equal(reader.pendingBytes, 5)
  })
})

test('a frame of megabytes that comes in socket-sized chunks is put together', () => {
  const body = Buffer.from(Uint8Array.from({ length: 5_000_000 }, (_, i) => i * 31))
  const stream = framed(body, Buffer.from('next'))
  const reader = new FrameReader()
  const frames: Uint8Array[] = []
  for (let at = 0; at < stream.length; at += 65536) frames.push(...reader.push(stream.subarray(at, at + 65536)))
  assert.equal(frames.length, 2)
  assert.ok(body.equals(frames[0] as Uint8Array))
  assert.equal(Buffer.from(frames[1] as Uint8Array).toString(), 'next')
})
