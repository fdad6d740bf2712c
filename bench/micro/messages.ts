import { metadataV12, Reader as PeerReader } from '@platformatic/kafka'
import { decodeRequestBody, decodeResponse, encodeRequest, encodeResponse } from '../../src/protocol/codec.ts'
import { Fetch, Metadata, Produce } from '../../src/protocol/messages/index.ts'
import { decodeRequestHeader } from '../../src/protocol/request-header.ts'

// Guards src/protocol/schema: one JSON line per figure, messages per second. The last line but one is @platformatic/kafka on
// the same bytes; `ratio` is ours to theirs (more is better for us). Run: node bench/micro/messages.ts [seconds per figure]

const seconds = Number(process.argv[2] ?? 1)
let sink: unknown

/** Runs `work` for the given time; prints and returns its runs per second, the best of five slices. */
function measure(name: string, work: () => unknown): number {
  const until = performance.now() + 300
  while (performance.now() < until) sink = work()
  let best = 0
  for (let slice = 0; slice < 5; slice++) {
    const start = performance.now()
    let runs = 0
    let now = start
    while (now < start + (seconds * 1000) / 5) {
      sink = work()
      runs++
      now = performance.now()
    }
    best = Math.max(best, (runs * 1000) / (now - start))
  }
  console.log(JSON.stringify({ name, value: Math.round(best), unit: 'messages/s' }))
  return best
}

const topicId = 'nc0-8ZlMTrWGWbbC3ydKDg'
const header = { correlationId: 1, clientId: 'bench' }
const frameOf = (chunks: readonly Uint8Array[]) => Buffer.concat(chunks).subarray(4)

const produce = {
  acks: -1,
  topicData: [{ name: 'orders', partitionData: [{ index: 0, records: new Uint8Array(16_384) }] }],
}
const produceFrame = frameOf(encodeRequest(Produce, 11, header, produce))
measure('Produce 11 request of 1 batch, encode', () => encodeRequest(Produce, 11, header, produce))
measure('Produce 11 request of 1 batch, decode', () =>
  decodeRequestBody(Produce, 11, produceFrame, decodeRequestHeader(produceFrame).bodyPosition),
)

const partitions = Array.from({ length: 100 }, (_, partitionIndex) => ({
  partitionIndex,
  highWatermark: 5,
  abortedTransactions: null,
  records: new Uint8Array(4096),
}))
const fetched = { responses: [{ topicId, partitions }] }
const fetchFrame = frameOf(encodeResponse(Fetch, 17, 1, fetched))
measure('Fetch 17 response of 100 partitions, encode', () => encodeResponse(Fetch, 17, 1, fetched))
measure('Fetch 17 response of 100 partitions, decode', () => decodeResponse(Fetch, 17, fetchFrame))

const metadata = {
  brokers: [{ nodeId: 1, host: 'localhost', port: 9092 }],
  clusterId: 'bench',
  topics: Array.from({ length: 50 }, (_, index) => ({
    name: `topic-${index}`,
    topicId,
    partitions: Array.from({ length: 10 }, (_, partitionIndex) => ({
      partitionIndex,
      leaderId: 1,
      replicaNodes: [1],
      isrNodes: [1],
    })),
  })),
}
const metadataFrame = frameOf(encodeResponse(Metadata, 12, 1, metadata))
const bodyOnly = metadataFrame.subarray(5) // correlation id and tags of the header
measure('Metadata 12 response of 500 partitions, encode', () => encodeResponse(Metadata, 12, 1, metadata))
const ours = measure('Metadata 12 response of 500 partitions, decode', () =>
  decodeResponse(Metadata, 12, metadataFrame),
)
const theirs = measure('Metadata 12 response of 500 partitions, decode by @platformatic/kafka', () =>
  metadataV12.parseResponse(1, 3, 12, PeerReader.from(bodyOnly)),
)
console.log(
  JSON.stringify({
    name: 'Metadata 12 decode, ours to @platformatic/kafka',
    ratio: Number((ours / theirs).toFixed(2)),
  }),
)
if (sink === undefined) process.exitCode = 1
