import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { GetObjectCommand, ListMultipartUploadsCommand } from '@aws-sdk/client-s3'
import { s3SinkConfig } from '../../../../connectors/s3/config.ts'
import { settingsOf } from '../../../../connectors/s3/settings.ts'
import { S3Store } from '../../../../connectors/s3/store/s3-store.ts'
import {
  type FaultyS3,
  givenS3,
  startFaultyS3,
  startFauxS3,
  startVersityGateway,
  type TestS3,
} from '../../../support/s3.ts'
import { SinkDriver } from '../driver.ts'
import { objectStoreSuite } from './conformance.ts'

const versity = await startVersityGateway()
const given = givenS3()
const faux = await startFauxS3()
const servers = [faux, ...('missing' in versity ? [] : [versity]), ...(given === null ? [] : [given])]
const stores: S3Store[] = []
const driver = new SinkDriver()
let next = 0

after(async () => {
  for (const store of stores) await store.close()
  for (const server of servers) await server.stop()
})

function s3Store(server: TestS3, bucket: string, config: Record<string, string> = {}): S3Store {
  const raw = {
    's3.bucket.name': bucket,
    'store.url': server.url,
    's3.region': 'us-east-1',
    'aws.access.key.id': server.accessKeyId,
    'aws.secret.access.key': server.secretAccessKey,
    's3.retry.backoff.ms': '1',
    'format.class': 'io.confluent.connect.s3.format.json.JsonFormat',
    'flush.size': '1',
    ...config,
  }
  const { logger, signal } = driver.context()
  const store = new S3Store(settingsOf(s3SinkConfig.parse(raw), raw).store, { owner: 'archive-0', logger, signal })
  stores.push(store)
  return store
}

async function newBucket(server: TestS3): Promise<string> {
  const name = `millrace-${process.pid}-${next++}`
  await server.createBucket(name)
  return name
}

async function read(server: TestS3, bucket: string, key: string): Promise<Buffer> {
  const { Body } = await server.client.send(new GetObjectCommand({ Bucket: bucket, Key: key }))
  return Buffer.from((await Body?.transformToByteArray()) ?? [])
}

for (const server of servers) {
  objectStoreSuite(`S3 store on ${server.name}`, async () => {
    const bucket = await newBucket(server)
    return {
      open: ({ conditional }) => s3Store(server, bucket, { 'enable.conditional.writes': String(conditional) }),
      read: (key) => read(server, bucket, key),
      unfinished: async () => {
        if (!server.knows.uploadLists) return null
        const { Uploads } = await server.client.send(new ListMultipartUploadsCommand({ Bucket: bucket }))
        return Uploads?.length ?? 0
      },
      knowsConditionalWrites: server.knows.conditionalWrites,
    }
  })

  test(`a missing bucket is named with its endpoint (${server.name})`, async () => {
    const expected = `Bucket "no-such-bucket" does not exist at ${server.url}`
    await assert.rejects(s3Store(server, 'no-such-bucket').check(), (error: Error) =>
      error.message.startsWith(expected),
    )
  })

  test(`refused credentials name the settings and not the secret (${server.name})`, {
    skip: !server.knows.credentials,
  }, async () => {
    const bucket = await newBucket(server)
    for (const config of [{ 'aws.secret.access.key': 'wrong-one' }, { 'aws.access.key.id': 'wrong-id' }]) {
      await assert.rejects(s3Store(server, bucket, config).check(), (error: Error) => {
        assert.match(error.message, /credentials were refused.*Check aws\.access\.key\.id and aws\.secret\.access\.key/)
        assert.doesNotMatch(error.message, /wrong-one|not-a-secret/)
        return true
      })
    }
  })
}

if ('missing' in versity)
  objectStoreSuite('S3 store on versitygw', () => Promise.reject(new Error(versity.missing)), versity.missing)

test('an endpoint that cannot be reached is named with its setting', async () => {
  const store = s3Store({ ...faux, url: 'http://127.0.0.1:9' }, 'bucket')
  await assert.rejects(
    store.check(),
    /bucket "bucket" at http:\/\/127\.0\.0\.1:9 failed: the store cannot be reached: .*Check store\.url/,
  )
})

test('credentials in store.url do not reach messages', async () => {
  const store = s3Store({ ...faux, url: 'http://user:pass-word@127.0.0.1:9' }, 'bucket')
  await assert.rejects(store.check(), (error: Error) => !error.message.includes('pass-word'))
})

const judge = 'missing' in versity ? faux : versity
const parts = [Buffer.alloc(5 * 1024 * 1024, 'a'), Buffer.alloc(5 * 1024 * 1024, 'b')]

for (const fault of [503, 500, 'reset', 'lost-answer'] as const) {
  test(`every request that meets with ${fault} once is repeated, and the object is right (${judge.name})`, async () => {
    let proxy: FaultyS3 | undefined
    try {
      proxy = await startFaultyS3(judge)
      const bucket = await newBucket(judge)
      const spoilt = new Set<string>()
      proxy.fault = (request) => {
        if (spoilt.has(request)) return null
        spoilt.add(request)
        return fault
      }
      const store = s3Store({ ...judge, url: proxy.url }, bucket)
      await store.check()
      assert.equal(await store.exists('large'), false)
      const upload = store.create('large')
      await Promise.all(parts.map((bytes) => upload.writePart(bytes)))
      assert.notEqual(await upload.complete(Buffer.from('end')), 'conflict')
      assert.notEqual(await store.create('small').complete(Buffer.from('small')), 'conflict')
      assert.ok((await read(judge, bucket, 'large')).equals(Buffer.concat([...parts, Buffer.from('end')])))
      assert.equal((await read(judge, bucket, 'small')).toString(), 'small')
      assert.ok(spoilt.size >= 7, [...spoilt].join())
    } finally {
      await proxy?.stop()
    }
  })
}

test('s3.part.retries bounds the repetitions, and then the error is retriable and names the bucket', async () => {
  const proxy = await startFaultyS3(faux)
  try {
    const bucket = await newBucket(faux)
    const store = s3Store({ ...faux, url: proxy.url }, bucket, { 's3.part.retries': '2' })
    proxy.fault = () => 503
    await assert.rejects(store.create('key').complete(Buffer.from('x')), (error: Error & { retriable?: boolean }) => {
      assert.equal(error.retriable, true)
      assert.match(
        error.message,
        new RegExp(`Writing to bucket "${bucket}" at ${proxy.url} failed for a passing reason: .*SlowDown, HTTP 503`),
      )
      return true
    })
    assert.equal(proxy.requests.length, 3)
  } finally {
    await proxy.stop()
  }
})

test('a failure that repeating cannot mend is not repeated', async () => {
  const proxy = await startFaultyS3(faux)
  try {
    const store = s3Store({ ...faux, url: proxy.url }, await newBucket(faux))
    proxy.fault = () => 403
    await assert.rejects(
      store.create('key').complete(Buffer.from('x')),
      /access denied: .*Allow the access key to read and write/,
    )
    assert.equal(proxy.requests.length, 1)
  } finally {
    await proxy.stop()
  }
})
