import type { MetadataStore } from './metadata-store.ts'

const BLOCK_SIZE = 1000

/**
 * Hands out producer ids that never repeat, over restarts too: a block of 1000 is written down as used before the first of
 * it is given away.
 */
export class ProducerIds {
  readonly #store: MetadataStore
  #next = 0
  #end = 0
  #refill: Promise<void> | null = null

  constructor(store: MetadataStore) {
    this.#store = store
  }

  async next(): Promise<number> {
    while (this.#next >= this.#end) {
      this.#refill ??= this.#takeBlock().finally(() => {
        this.#refill = null
      })
      await this.#refill
    }
    return this.#next++
  }

  async #takeBlock(): Promise<void> {
    const start = this.#store.data.nextProducerId
    this.#store.data.nextProducerId = start + BLOCK_SIZE
    await this.#store.save()
    this.#next = start
    this.#end = start + BLOCK_SIZE
  }
}
