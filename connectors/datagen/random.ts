/** A source of random numbers with a seed, so that a sequence can be made again and continued after a restart. */
export class Random {
  #a = 0
  #b = 0
  #c = 0
  #counter = 1

  constructor(seed: number | bigint) {
    this.reseed(seed)
  }

  /** Begins the sequence of this seed; its low 64 bits count. */
  reseed(seed: number | bigint): void {
    const bits = BigInt(typeof seed === 'bigint' ? seed : Math.trunc(seed))
    this.#a = Number(BigInt.asIntN(32, bits))
    this.#b = Number(BigInt.asIntN(32, bits >> 32n))
    this.#c = 0x9e3779b9 | 0
    this.#counter = 1
    // The first numbers of like seeds are alike.
    for (let i = 0; i < 12; i++) this.#next()
  }

  /** A seed for the numbers that follow: a safe integer that is not negative. */
  seed(): number {
    return (this.#next() >>> 11) * 2 ** 32 + (this.#next() >>> 0)
  }

  /** From 0 to 1, without 1, in steps of 2⁻⁵³. */
  fraction(): number {
    return this.seed() * 2 ** -53
  }

  /** An integer from `min` to `max`, without `max` where that is greater. */
  integer(min: number, max: number): number {
    return Math.min(min + Math.floor(this.fraction() * (max - min)), Math.max(min, max - 1))
  }

  /** Any integer of 32 bits. */
  int32(): number {
    return this.#next()
  }

  /** Any integer of 64 bits, a bigint where it is no safe integer. */
  int64(): number | bigint {
    const value = (BigInt(this.#next()) << 32n) | BigInt(this.#next() >>> 0)
    return Number.isSafeInteger(Number(value)) ? Number(value) : value
  }

  pick<T>(items: readonly T[]): T {
    return items[this.integer(0, items.length)] as T
  }

  /** The generator sfc32. */
  #next(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0
    return sum
  }
}
