/** Makes views to read or write several bytes of an array at once, and keeps the last one, since rows share their bytes. */
export class LastView {
  #bytes: Uint8Array | null = null
  #view: DataView = new DataView(new ArrayBuffer(0))

  of(bytes: Uint8Array): DataView {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    }
    return this.#view
  }
}
