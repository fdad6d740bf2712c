import { DataError, type RowPlan, type RowWriter, type SourceRecord } from '../../connect/index.ts'
import { StageError } from '../errors/stage-error.ts'
import type { RecordConverters } from './record-converters.ts'
import type { TransformChain } from './transform-chain.ts'

/** A record as it goes to Kafka. */
export interface OutgoingRecord {
  readonly topic: string
  /** Null: by key, or the sticky one. */
  readonly partition: number | null
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: OutgoingHeader[] | undefined
  /** Milliseconds since the epoch. */
  readonly timestamp: number
}

export interface OutgoingHeader {
  readonly key: string
  readonly value: Uint8Array | null
}

/** How the rows of a plan are written straight into record batches: transforms and converters are worked out. */
export interface CompiledRows {
  readonly topic: string
  readonly partition: number | null
  /** Null: every record has `constantKey`. */
  readonly writeKey: RowWriter | null
  readonly constantKey: Uint8Array | null
  readonly writeValue: RowWriter
  readonly timestamp: number | null
  /** Of every record. */
  readonly headers: readonly OutgoingHeader[] | undefined
}

/** What happens to a source record between `poll` and the producer: transforms, then headers, key and value to bytes. */
export class SourcePipeline {
  readonly converters: RecordConverters
  readonly #chain: TransformChain
  readonly #compiled = new WeakMap<RowPlan, CompiledRows | 'dropped' | 'ordinary'>()

  constructor(chain: TransformChain, converters: RecordConverters) {
    this.#chain = chain
    this.converters = converters
  }

  /**
   * The fast way for rows of this plan; `dropped` when the transforms keep none of them, null when a transform or a
   * converter needs records. Cached by the plan object.
   */
  compile(plan: RowPlan): CompiledRows | 'dropped' | null {
    const known = this.#compiled.get(plan)
    if (known !== undefined) return known === 'ordinary' ? null : known
    const compiled = this.#compile(plan)
    this.#compiled.set(plan, compiled ?? 'ordinary')
    return compiled
  }

  #compile(plan: RowPlan): CompiledRows | 'dropped' | null {
    const final = this.#chain.applyToPlan(plan)
    if (final === null || final === 'dropped') return final
    const { topic } = final
    const writeValue = this.converters.value.rowWriter?.(topic, final.value) ?? null
    if (writeValue === null) return null
    let writeKey: RowWriter | null = null
    let constantKey: Uint8Array | null = null
    let headers: OutgoingHeader[] | undefined
    try {
      headers = this.#headers(final)
      if (final.key === null) constantKey = this.converters.key.fromConnectData(topic, null, null)
    } catch {
      // The ordinary path reports it with the record.
      return null
    }
    if (final.key !== null) {
      writeKey = this.converters.key.rowWriter?.(topic, final.key) ?? null
      if (writeKey === null) return null
    }
    const { kafkaPartition: partition, timestamp } = final
    return { topic, partition, writeKey, constantKey, writeValue, timestamp, headers }
  }

  /** The bytes of a record, or null when a transform dropped it. Throws {@link StageError}. */
  convert(record: SourceRecord, now: number): OutgoingRecord | null {
    const changed = this.#chain.apply(record)
    if (changed === null) return null
    const { topic } = changed
    const headers = this.#headers(changed)
    const { key, value, keyClass, valueClass } = this.converters
    let keyBytes: Uint8Array | null
    try {
      keyBytes = key.fromConnectData(topic, changed.keySchema ?? null, changed.key ?? null)
    } catch (error) {
      throw new StageError('KEY_CONVERTER', keyClass, error)
    }
    let valueBytes: Uint8Array | null
    try {
      valueBytes = value.fromConnectData(topic, changed.valueSchema ?? null, changed.value ?? null)
    } catch (error) {
      throw new StageError('VALUE_CONVERTER', valueClass, error)
    }
    return {
      topic,
      partition: changed.kafkaPartition ?? null,
      key: keyBytes,
      value: valueBytes,
      headers,
      timestamp: recordTimestamp(changed.timestamp, now),
    }
  }

  #headers({ headers, topic }: Pick<SourceRecord, 'headers' | 'topic'>): OutgoingHeader[] | undefined {
    if (headers === undefined || headers.length === 0) return undefined
    const { header, headerClass } = this.converters
    try {
      return headers.map(({ key, schema, value }) => ({
        key,
        value: header.fromConnectHeader(topic, key, schema, value),
      }))
    } catch (error) {
      throw new StageError('HEADER_CONVERTER', headerClass, error)
    }
  }

  close(): void {
    this.#chain.close()
  }
}

/** −1 and null mean the producer's clock; other negative times are refused, as Kafka's producer does. */
function recordTimestamp(timestamp: number | null | undefined, now: number): number {
  if (timestamp === null || timestamp === undefined || timestamp === -1) return now
  if (timestamp < 0) throw new DataError(`Invalid record timestamp ${timestamp}: it must not be negative`)
  return timestamp
}
