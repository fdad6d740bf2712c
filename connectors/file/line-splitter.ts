import { ConnectError } from 'millrace/connect'

const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d

/** Longer lines fail the task instead of filling the memory. */
const MAX_LINE_BYTES = 256 * 1024 * 1024

export interface Line {
  readonly text: string
  /** Bytes of the line with its end. */
  readonly size: number
}

/** Cuts bytes into lines of UTF-8 that end with `\n`, `\r\n` or `\r`; keeps back what has no end yet. */
export class LineSplitter {
  #buffer = Buffer.alloc(64 * 1024)
  #start = 0
  #end = 0
  /** Bytes from here on were not looked at yet. */
  #scanned = 0

  /** Adds bytes; they are copied. */
  push(bytes: Uint8Array): void {
    this.#makeRoom(bytes.length)
    this.#buffer.set(bytes, this.#end)
    this.#end += bytes.length
  }

  /** The next whole line, or null when more bytes are needed to know it. */
  next(): Line | null {
    for (let i = this.#scanned; i < this.#end; i++) {
      const byte = this.#buffer[i]
      if (byte === LINE_FEED) return this.#take(i, i + 1)
      if (byte === CARRIAGE_RETURN) {
        this.#scanned = i
        if (i + 1 === this.#end) return null
        return this.#take(i, this.#buffer[i + 1] === LINE_FEED ? i + 2 : i + 1)
      }
    }
    this.#scanned = this.#end
    return null
  }

  /** What is left without an end, as a line; null when nothing is. */
  rest(): Line | null {
    if (this.#start === this.#end) return null
    const end = this.#buffer[this.#end - 1] === CARRIAGE_RETURN ? this.#end - 1 : this.#end
    return this.#take(end, this.#end)
  }

  #take(textEnd: number, lineEnd: number): Line {
    const line = { text: this.#buffer.toString('utf8', this.#start, textEnd), size: lineEnd - this.#start }
    this.#start = lineEnd
    this.#scanned = lineEnd
    return line
  }

  #makeRoom(length: number): void {
    if (this.#end + length <= this.#buffer.length) return
    const kept = this.#end - this.#start
    if (kept + length > MAX_LINE_BYTES) throw new ConnectError(`A line is longer than ${MAX_LINE_BYTES} bytes`)
    const target = kept + length <= this.#buffer.length ? this.#buffer : Buffer.alloc(2 * (kept + length))
    this.#buffer.copy(target, 0, this.#start, this.#end)
    this.#buffer = target
    this.#scanned -= this.#start
    this.#start = 0
    this.#end = kept
  }
}
