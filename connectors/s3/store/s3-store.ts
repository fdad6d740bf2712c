import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import type { PluginLogger } from 'millrace/connect'
import type { StoreSettings } from '../settings.ts'
import type { ObjectStore, ObjectUpload, StoreContext, UploadOutcome } from './object-store.ts'
import { describeFailure, isPassing, noSuchBucket, s3Error } from './s3-errors.ts'

// The only file that knows the AWS SDK, and it is loaded only when a task writes to S3.

const CONNECT_TIMEOUT_MS = 5_000
const IDLE_TIMEOUT_MS = 60_000
const LONGEST_BACKOFF_MS = 86_400_000
const MAX_SOCKETS = 32

/** A bucket of Amazon S3 or of a store that speaks its protocol. */
export class S3Store implements ObjectStore {
  readonly place: string
  readonly bucket: string
  readonly isConditional: boolean
  readonly sendDigest: boolean
  readonly #client: S3Client
  readonly #settings: StoreSettings
  readonly #endpoint: string
  readonly #signal: AbortSignal
  readonly #logger: PluginLogger

  constructor(settings: StoreSettings, context: StoreContext) {
    this.bucket = settings.bucket
    this.isConditional = settings.conditionalWrites
    this.sendDigest = settings.sendDigest
    this.#settings = settings
    this.#signal = context.signal
    this.#logger = context.logger
    this.#endpoint = settings.url === null ? `Amazon S3 (${settings.region})` : withoutSecrets(settings.url)
    this.place = `bucket "${settings.bucket}" at ${this.#endpoint}`
    this.#client = new S3Client({
      region: settings.region,
      forcePathStyle: settings.pathStyle,
      useAccelerateEndpoint: settings.accelerate,
      expectContinueHeader: settings.expectContinue,
      // Repetitions are ours: they follow s3.part.retries, and know what a lost answer may mean.
      maxAttempts: 1,
      requestHandler: {
        connectionTimeout: CONNECT_TIMEOUT_MS,
        socketTimeout: IDLE_TIMEOUT_MS,
        httpAgent: { keepAlive: true, maxSockets: MAX_SOCKETS },
        httpsAgent: { keepAlive: true, maxSockets: MAX_SOCKETS },
      },
      ...(settings.credentials === null ? {} : { credentials: settings.credentials }),
      // Other stores may not know the newer checksum headers, and some keep them as content.
      ...(settings.url === null
        ? {}
        : { endpoint: settings.url, requestChecksumCalculation: 'WHEN_REQUIRED' as const }),
    })
  }

  async check(): Promise<void> {
    const command = new HeadBucketCommand({ Bucket: this.bucket })
    const failure = await this.send('Looking for', () => this.#client.send(command)).then(
      () => null,
      (error: unknown) => error,
    )
    if (failure === null) return
    const { status } = describeFailure(causeOf(failure))
    // A HEAD answer has no body, hence no code, and some stores answer 404 to wrong keys: a listing tells what is wrong.
    if (status === 404 || status === 403 || status === 400 || status === 301) {
      try {
        await this.#client.send(new ListObjectsV2Command({ Bucket: this.bucket, MaxKeys: 1 }))
        return
      } catch (error) {
        const listing = describeFailure(error)
        if (listing.status === 404 && (listing.code === 'NotFound' || listing.code === 'NoSuchKey'))
          throw noSuchBucket(this.bucket, this.#endpoint, error)
        if (listing.code !== 'AccessDenied') throw s3Error(error, 'Using', this.bucket, this.#endpoint)
        this.#logger.warn({}, `Cannot tell whether ${this.place} exists, since the access key may not look: going on`)
        return
      }
    }
    throw failure
  }

  create(key: string): ObjectUpload {
    return new S3Upload(this, key)
  }

  async exists(key: string): Promise<boolean> {
    return (await this.#head(key)) !== null
  }

  close(): Promise<void> {
    this.#client.destroy()
    return Promise.resolve()
  }

  /** Runs a request until it succeeds, repeating it as configured; `attempt` counts from 0. */
  async send<T>(doing: string, request: (attempt: number) => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await request(attempt)
      } catch (error) {
        if (attempt >= this.#settings.retries || !isPassing(error) || this.#signal.aborted)
          throw s3Error(error, doing, this.bucket, this.#endpoint)
        const longest = Math.min(LONGEST_BACKOFF_MS, this.#settings.retryBackoffMs * 2 ** attempt)
        const pause = Math.floor(longest * (0.5 + Math.random() / 2))
        const { code, status } = describeFailure(error)
        this.#logger.warn({ code, status, attempt: attempt + 1, pauseMs: pause }, `${doing} ${this.place} is repeated`)
        await sleep(pause, undefined, { signal: this.#signal }).catch(() => undefined)
      }
    }
  }

  put(key: string, body: Uint8Array): Promise<UploadOutcome> {
    const command = new PutObjectCommand({
      Bucket: this.bucket,
      Key: key,
      Body: body,
      ContentLength: body.length,
      ...this.#objectOptions(),
      ...this.customerKey(),
      ...(this.isConditional ? { IfNoneMatch: '*' } : {}),
      ...(this.sendDigest ? { ContentMD5: md5(body).toString('base64') } : {}),
    })
    return this.send('Writing to', async () => {
      try {
        await this.#client.send(command)
        return 'created'
      } catch (error) {
        if (!this.isConditional || describeFailure(error).status !== 412) throw error
        return this.#compare(key, body.length, md5(body).toString('hex'), body)
      }
    })
  }

  async beginMultipart(key: string): Promise<string> {
    const command = new CreateMultipartUploadCommand({
      Bucket: this.bucket,
      Key: key,
      ...this.#objectOptions(),
      ...this.customerKey(),
    })
    const { UploadId } = await this.send('Writing to', () => this.#client.send(command))
    if (UploadId === undefined)
      throw s3Error(new Error('no upload id in the answer'), 'Writing to', this.bucket, this.#endpoint)
    return UploadId
  }

  async uploadPart(key: string, uploadId: string, number: number, body: Uint8Array): Promise<CompletedPart> {
    const command = new UploadPartCommand({
      Bucket: this.bucket,
      Key: key,
      UploadId: uploadId,
      PartNumber: number,
      Body: body,
      ContentLength: body.length,
      ...this.customerKey(),
      ...(this.sendDigest ? { ContentMD5: md5(body).toString('base64') } : {}),
    })
    const { ETag, ChecksumCRC32 } = await this.send('Writing to', () => this.#client.send(command))
    return { PartNumber: number, ETag, ...(ChecksumCRC32 === undefined ? {} : { ChecksumCRC32 }) }
  }

  completeMultipart(key: string, uploadId: string, parts: CompletedPart[], length: number): Promise<UploadOutcome> {
    const command = new CompleteMultipartUploadCommand({
      Bucket: this.bucket,
      Key: key,
      UploadId: uploadId,
      MultipartUpload: { Parts: parts },
      ...this.customerKey(),
      ...(this.isConditional ? { IfNoneMatch: '*' } : {}),
    })
    return this.send('Writing to', async (attempt) => {
      try {
        await this.#client.send(command)
        return 'created'
      } catch (error) {
        const { status, code } = describeFailure(error)
        if (this.isConditional && status === 412) return this.#compare(key, length, etagOfParts(parts))
        // The answer to an earlier attempt was lost: the upload is gone because it became the object.
        if (attempt > 0 && code === 'NoSuchUpload') {
          const outcome = await this.#compare(key, length, etagOfParts(parts))
          if (outcome === 'identical') return 'created'
        }
        throw error
      }
    })
  }

  async abortMultipart(key: string, uploadId: string): Promise<void> {
    const command = new AbortMultipartUploadCommand({ Bucket: this.bucket, Key: key, UploadId: uploadId })
    await this.#client.send(command).catch((error: unknown) => {
      const { code, status } = describeFailure(error)
      if (code !== 'NoSuchUpload')
        this.#logger.warn({ code, status, key }, `An unfinished upload to ${this.place} could not be aborted`)
    })
  }

  /**
   * Whether the object that has the key already is the one we meant to write. With keys of the key service or the
   * customer, tags say nothing about content: then it is read where `body` is at hand.
   */
  async #compare(key: string, length: number, etag: string, body?: Uint8Array): Promise<UploadOutcome> {
    const found = await this.#head(key)
    if (found === null || found.ContentLength !== length) return 'conflict'
    if (found.ETag?.replaceAll('"', '') === etag) return 'identical'
    const isTagOpaque = found.ServerSideEncryption?.startsWith('aws:') === true || this.#settings.customerKey !== null
    if (!isTagOpaque || body === undefined) return 'conflict'
    const command = new GetObjectCommand({ Bucket: this.bucket, Key: key, ...this.customerKey() })
    const { Body } = await this.#client.send(command)
    const content = await Body?.transformToByteArray()
    return content !== undefined && Buffer.compare(content, body) === 0 ? 'identical' : 'conflict'
  }

  #head(key: string): Promise<HeadObjectCommandOutput | null> {
    const command = new HeadObjectCommand({ Bucket: this.bucket, Key: key, ...this.customerKey() })
    return this.send('Looking into', async () => {
      try {
        return await this.#client.send(command)
      } catch (error) {
        if (describeFailure(error).status === 404) return null
        throw error
      }
    })
  }

  /** What every request that touches an object's content carries when the customer keeps the key. */
  customerKey(): { SSECustomerAlgorithm?: string; SSECustomerKey?: string; SSECustomerKeyMD5?: string } {
    const key = this.#settings.customerKey
    if (key === null) return {}
    return {
      SSECustomerAlgorithm: 'AES256',
      SSECustomerKey: key,
      SSECustomerKeyMD5: md5(Buffer.from(key, 'base64')).toString('base64'),
    }
  }

  #objectOptions() {
    const { acl, customerKey, kmsKeyId } = this.#settings
    const encryption = customerKey === null ? this.#settings.encryption : ''
    return {
      ...(acl === null ? {} : { ACL: acl }),
      ...(encryption === '' ? {} : { ServerSideEncryption: encryption }),
      ...(kmsKeyId === null ? {} : { SSEKMSKeyId: kmsKeyId }),
    }
  }
}

class S3Upload implements ObjectUpload {
  readonly #store: S3Store
  readonly #key: string
  #uploadId: Promise<string> | null = null
  #length = 0
  readonly #parts: Promise<CompletedPart>[] = []

  constructor(store: S3Store, key: string) {
    this.#store = store
    this.#key = key
  }

  async writePart(bytes: Uint8Array): Promise<void> {
    this.#uploadId ??= this.#store.beginMultipart(this.#key)
    this.#length += bytes.length
    const part = this.#upload(this.#uploadId, this.#parts.length + 1, bytes)
    this.#parts.push(part)
    // Seen by whoever awaits this part, and again by `complete`.
    part.catch(() => undefined)
    await part
  }

  async #upload(begun: Promise<string>, number: number, bytes: Uint8Array): Promise<CompletedPart> {
    return this.#store.uploadPart(this.#key, await begun, number, bytes)
  }

  async complete(rest: Uint8Array): Promise<UploadOutcome> {
    if (this.#uploadId === null) return this.#store.put(this.#key, rest)
    if (rest.length > 0) await this.writePart(rest)
    const parts = await Promise.all(this.#parts)
    const uploadId = await this.#uploadId
    const outcome = await this.#store.completeMultipart(this.#key, uploadId, parts, this.#length)
    if (outcome !== 'created') await this.abort()
    return outcome
  }

  async abort(): Promise<void> {
    const begun = this.#uploadId
    if (begun === null) return
    this.#uploadId = null
    await Promise.allSettled(this.#parts)
    const uploadId = await begun.catch(() => null)
    if (uploadId !== null) await this.#store.abortMultipart(this.#key, uploadId)
  }
}

function md5(bytes: Uint8Array): Buffer {
  return createHash('md5').update(bytes).digest()
}

/** The entity tag that S3 gives an object of these parts. */
function etagOfParts(parts: readonly CompletedPart[]): string {
  const digests = parts.map((part) => Buffer.from((part.ETag ?? '').replaceAll('"', ''), 'hex'))
  return `${md5(Buffer.concat(digests)).toString('hex')}-${parts.length}`
}

function causeOf(error: unknown): unknown {
  return error instanceof Error && error.cause !== undefined ? error.cause : error
}

/** An address may carry a user and password. */
function withoutSecrets(url: string): string {
  if (!URL.canParse(url)) return 'store.url'
  const { protocol, host, pathname } = new URL(url)
  return `${protocol}//${host}${pathname === '/' ? '' : pathname}`
}
