/**
 * The one object that a standalone Kafka Connect worker keeps in its offset file: a `HashMap<byte[], byte[]>` in the Java
 * Object Serialization Stream Protocol, version 5. Anything else in a file is refused; nothing of it is ever run.
 */

const MAGIC_AND_VERSION = 0xaced0005
const TC_NULL = 0x70
const TC_REFERENCE = 0x71
const TC_CLASSDESC = 0x72
const TC_OBJECT = 0x73
const TC_ARRAY = 0x75
const TC_BLOCKDATA = 0x77
const TC_ENDBLOCKDATA = 0x78
const FIRST_HANDLE = 0x7e0000

const HASH_MAP = 'java.util.HashMap'
const BYTE_ARRAY = '[B'
/** `serialVersionUID`, flags (serializable, with a `writeObject` of its own), and the fields `loadFactor` and `threshold`. */
const hashMapClass = Buffer.from('0507dac1c31660d103000246000a6c6f6164466163746f724900097468726573686f6c647870', 'hex')
/** `serialVersionUID`, flags (serializable), no fields. */
const byteArrayClass = Buffer.from('acf317f8060854e0020000' + '7870', 'hex')
const LOAD_FACTOR = 0.75

/** An entry as bytes; a null value is kept as Java keeps it. */
export type MapEntry = readonly [key: Uint8Array, value: Uint8Array | null]

/** Writes the entries so that Java's `ObjectInputStream` reads a `HashMap` of them. */
export function encodeJavaMap(entries: readonly MapEntry[]): Buffer {
  const parts: Buffer[] = []
  const int = (...values: number[]): void => {
    const bytes = Buffer.allocUnsafe(4 * values.length)
    values.forEach((value, i) => bytes.writeInt32BE(value | 0, 4 * i))
    parts.push(bytes)
  }
  const code = (...codes: number[]): void => void parts.push(Buffer.from(codes))
  const name = (text: string): void => {
    const bytes = Buffer.from(text, 'latin1')
    parts.push(Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes)
  }
  // Java sizes the table itself when it reads; these are what it would have grown to.
  const capacity = Math.max(16, 2 ** Math.ceil(Math.log2(Math.max(1, entries.length / LOAD_FACTOR))))
  int(MAGIC_AND_VERSION)
  code(TC_OBJECT, TC_CLASSDESC)
  name(HASH_MAP)
  parts.push(hashMapClass)
  const fields = Buffer.allocUnsafe(8)
  fields.writeFloatBE(LOAD_FACTOR, 0)
  fields.writeInt32BE(capacity * LOAD_FACTOR, 4)
  parts.push(fields)
  code(TC_BLOCKDATA, 8)
  int(capacity, entries.length)
  let isFirst = true
  const array = (bytes: Uint8Array): void => {
    code(TC_ARRAY)
    if (isFirst) {
      code(TC_CLASSDESC)
      name(BYTE_ARRAY)
      parts.push(byteArrayClass)
      isFirst = false
    } else {
      code(TC_REFERENCE)
      // Handles 0 and 1 are the map's class and the map.
      int(FIRST_HANDLE + 2)
    }
    int(bytes.length)
    parts.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
  }
  for (const [key, value] of entries) {
    array(key)
    if (value === null) code(TC_NULL)
    else array(value)
  }
  code(TC_ENDBLOCKDATA)
  return Buffer.concat(parts)
}

/** Reads what {@link encodeJavaMap} or a Java worker wrote. Throws an `Error` that says what is wrong at which byte. */
export function decodeJavaMap(bytes: Uint8Array): MapEntry[] {
  return new MapReader(bytes).read()
}

class MapReader {
  readonly #bytes: Buffer
  #position = 0
  /** What back references may point to: byte arrays; null for everything that is none. */
  readonly #handles: (Uint8Array | null)[] = []
  #arrayClass: number | null = null

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  read(): MapEntry[] {
    if (this.#int() >>> 0 !== MAGIC_AND_VERSION) this.#fail('it does not begin like a serialized Java object')
    this.#expect(TC_OBJECT, 'an object')
    this.#expect(TC_CLASSDESC, 'a class')
    this.#class(HASH_MAP, hashMapClass)
    this.#handles.push(null, null)
    this.#take(8)
    this.#expect(TC_BLOCKDATA, 'the size of the map')
    if (this.#byte() !== 8) this.#fail('the size of the map has another form')
    this.#int()
    const size = this.#int()
    if (size < 0) this.#fail(`the map has the size ${size}`)
    const entries: MapEntry[] = []
    for (let i = 0; i < size; i++) {
      const key = this.#array()
      const value = this.#array()
      // Kafka Connect keeps no null keys: one says nothing about any connector.
      if (key !== null) entries.push([key, value])
    }
    this.#expect(TC_ENDBLOCKDATA, 'the end of the map')
    return entries
  }

  #array(): Uint8Array | null {
    const code = this.#byte()
    if (code === TC_NULL) return null
    if (code === TC_REFERENCE) {
      const target = this.#handles[this.#int() - FIRST_HANDLE]
      return target ?? this.#fail('a reference points to nothing that may stand there')
    }
    if (code !== TC_ARRAY) this.#fail('a key or value is no byte array')
    this.#arrayDescription()
    const length = this.#int()
    if (length < 0) this.#fail(`a byte array has the length ${length}`)
    const bytes = new Uint8Array(this.#take(length))
    this.#handles.push(bytes)
    return bytes
  }

  #arrayDescription(): void {
    const code = this.#byte()
    if (code === TC_CLASSDESC) {
      this.#class(BYTE_ARRAY, byteArrayClass)
      this.#arrayClass = this.#handles.push(null) - 1
      return
    }
    if (code !== TC_REFERENCE || this.#int() - FIRST_HANDLE !== this.#arrayClass) {
      this.#fail('a key or value is no byte array')
    }
  }

  #class(name: string, description: Buffer): void {
    const length = (this.#byte() << 8) | this.#byte()
    const found = this.#take(length).toString('latin1')
    if (found !== name) this.#fail(`it holds an object of class ${found.slice(0, 100)} where ${name} is due`)
    if (!this.#take(description.length).equals(description)) this.#fail(`class ${name} has another form`)
  }

  #expect(code: number, what: string): void {
    if (this.#byte() !== code) this.#fail(`${what} is due`)
  }

  #byte(): number {
    return this.#take(1)[0] as number
  }

  #int(): number {
    return this.#take(4).readInt32BE(0)
  }

  #take(length: number): Buffer {
    const end = this.#position + length
    if (end > this.#bytes.length) this.#fail('it ends too early')
    const taken = this.#bytes.subarray(this.#position, end)
    this.#position = end
    return taken
  }

  #fail(reason: string): never {
    throw new Error(`Not a map of byte arrays as Java writes it: ${reason} (byte ${this.#position})`)
  }
}
