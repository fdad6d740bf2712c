import type { Schema, SinkBatch, SinkRecord } from 'millrace/connect'
import type { ObjectStore, ObjectUpload, UploadOutcome } from '../store/object-store.ts'
import { GzipStream } from './gzip-stream.ts'
import type { InFlight } from './in-flight.ts'
import { type BufferPool, PartBuffer } from './part-buffer.ts'
import type { ValueFormat } from './value-format.ts'

/** Compression gets pieces of this size: large enough for few crossings into zlib's thread, small enough to overlap. */
const GZIP_INPUT_BYTES = 256 * 1024

export interface ObjectWriterDeps {
  readonly store: ObjectStore
  readonly format: ValueFormat
  readonly pool: BufferPool
  readonly inFlight: InFlight
  readonly partSize: number
  readonly gzipLevel: number | null
}

/**
 * An object that is being filled. Where a part ends depends on the records alone, never on how they were delivered,
 * so that the same records always give the same parts and bytes.
 */
export class ObjectWriter {
  readonly key: string
  /** The key that the object would have if it began at another offset. */
  readonly keyAt: (offset: number) => string
  readonly startOffset: number
  readonly schema: Schema | null
  /** Why a part could not be sent; then the object is lost. */
  failure: unknown = null
  readonly #deps: ObjectWriterDeps
  readonly #upload: ObjectUpload
  readonly #out: PartBuffer
  readonly #limit: number
  readonly #gzip: GzipStream | null

  constructor(deps: ObjectWriterDeps, keyAt: (offset: number) => string, startOffset: number, schema: Schema | null) {
    this.#deps = deps
    this.key = keyAt(startOffset)
    this.keyAt = keyAt
    this.startOffset = startOffset
    this.schema = schema
    this.#upload = deps.store.create(this.key)
    this.#out = new PartBuffer(deps.pool)
    const { gzipLevel, partSize } = deps
    this.#limit = gzipLevel === null ? partSize : GZIP_INPUT_BYTES
    this.#gzip = gzipLevel === null ? null : new GzipStream(gzipLevel, partSize, (piece) => this.#send(piece))
  }

  /** Bytes that `complete` still has to send, before compression. */
  get pendingBytes(): number {
    return this.#out.position
  }

  /** Appends one value. A `DataError` leaves the object as it was. */
  append(record: SinkRecord): void {
    const before = this.#out.position
    try {
      this.#deps.format.write(this.#out, record)
    } catch (error) {
      this.#out.position = before
      throw error
    }
    if (this.#out.position >= this.#limit) this.#ship()
  }

  appendBatch(batch: SinkBatch, from: number, to: number): void {
    for (let i = from; i < to; ) {
      i = this.#deps.format.writeBatch(this.#out, batch, i, to, this.#limit)
      if (this.#out.position >= this.#limit) this.#ship()
    }
  }

  /** Sends what is left and makes the object appear. */
  async complete(): Promise<UploadOutcome> {
    if (this.failure !== null) throw this.failure
    const { bytes, release } = this.#out.finish()
    const outcome = await this.#upload.complete(this.#gzip === null ? bytes : await this.#gzip.finish(bytes))
    release()
    return outcome
  }

  async abort(): Promise<void> {
    this.#gzip?.destroy()
    await this.#upload.abort()
  }

  /** Passes a full buffer on without waiting; `InFlight` keeps the count. */
  #ship(): void {
    const { bytes, release } = this.#out.take()
    if (this.#gzip === null) this.#send(bytes, release)
    else this.#track(bytes.length, this.#gzip.write(bytes), release)
  }

  #send(bytes: Uint8Array, release?: () => void): void {
    this.#track(bytes.length, this.#upload.writePart(bytes), release)
  }

  #track(bytes: number, work: Promise<void>, release?: () => void): void {
    const { inFlight } = this.#deps
    inFlight.add(bytes)
    work.then(
      () => {
        inFlight.remove(bytes)
        release?.()
      },
      (error: unknown) => {
        this.failure ??= error
        inFlight.remove(bytes)
      },
    )
  }
}
