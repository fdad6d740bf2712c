import { createGzip, type Gzip } from 'node:zlib'

/** Compresses what it is given in order, and collects the result in pieces of at least `pieceSize` bytes. */
export class GzipStream {
  readonly #gzip: Gzip
  readonly #pieceSize: number
  readonly #onPiece: (bytes: Uint8Array) => void
  #chunks: Uint8Array[] = []
  #length = 0
  #failure: Error | null = null

  constructor(level: number, pieceSize: number, onPiece: (bytes: Uint8Array) => void) {
    this.#pieceSize = pieceSize
    this.#onPiece = onPiece
    this.#gzip = createGzip({ level })
    this.#gzip.on('data', (chunk: Buffer) => this.#collect(chunk))
    this.#gzip.on('error', (error) => {
      this.#failure ??= error
    })
  }

  /** Resolves once the bytes were consumed and may change. */
  write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#gzip.write(bytes, (error) => {
        if (error) reject(error)
        else resolve()
      })
    })
  }

  /** Ends the stream and gives the last piece, of any size. */
  async finish(bytes: Uint8Array): Promise<Uint8Array> {
    await new Promise<void>((resolve, reject) => {
      this.#gzip.once('end', resolve)
      this.#gzip.once('error', reject)
      if (this.#failure !== null) reject(this.#failure)
      this.#gzip.end(bytes)
    })
    return this.#take()
  }

  destroy(): void {
    this.#gzip.destroy()
  }

  #collect(chunk: Uint8Array): void {
    this.#chunks.push(chunk)
    this.#length += chunk.length
    if (this.#length >= this.#pieceSize) this.#onPiece(this.#take())
  }

  #take(): Uint8Array {
    const bytes =
      this.#chunks.length === 1 ? (this.#chunks[0] as Uint8Array) : Buffer.concat(this.#chunks, this.#length)
    this.#chunks = []
    this.#length = 0
    return bytes
  }
}
