import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import {
  ConfigError,
  ConnectError,
  primitive,
  type Schema,
  type SourceOffset,
  type SourceRecord,
  type SourceTask,
  type SourceTaskContext,
} from 'millrace/connect'
import type { AvroType } from './avro-schema.ts'
import { checkedType, type DatagenProps, keyField, schemaText } from './config.ts'
import { connectSchema } from './connect-schema.ts'
import { type Maker, valueMaker } from './maker.ts'
import { Random } from './random.ts'

/** The most records of one poll where nothing holds them back. */
const BATCH_SIZE = 500

const headerSchema = primitive('INT64')
const noKeySchema = primitive('STRING', { optional: true })

/** Where a task's sequence goes on. */
interface Progress {
  /** How often the task was started before with an offset of its own. */
  readonly generation: number
  readonly count: number
  readonly seed: number | bigint
}

class DatagenTask implements SourceTask {
  readonly #props: DatagenProps
  readonly #context: SourceTaskContext
  readonly #partition: { readonly 'task.id': number }
  readonly #key: string
  readonly #keySchema: Schema
  readonly #valueSchema: Schema
  readonly #make: Maker
  readonly #random: Random
  readonly #generation: number
  #count: number

  constructor(props: DatagenProps, context: SourceTaskContext, type: AvroType, progress: Progress) {
    this.#props = props
    this.#context = context
    this.#partition = { 'task.id': context.task }
    this.#key = keyField(props)
    this.#valueSchema = connectSchema(type)
    this.#keySchema = this.#valueSchema.fields?.find(({ name }) => name === this.#key)?.schema ?? noKeySchema
    this.#make = valueMaker(type, progress.count)
    this.#random = new Random(progress.seed)
    this.#generation = progress.generation
    this.#count = progress.count
  }

  async poll({ signal }: { readonly signal: AbortSignal }): Promise<readonly SourceRecord[] | null> {
    const { 'max.interval': maxInterval, iterations } = this.#props
    const left = iterations > 0 ? iterations - this.#count : BATCH_SIZE
    // Kafka Connect knows no task that is done: this is how users of Datagen know it.
    if (left <= 0)
      throw new ConnectError(`Stopping connector: generated the configured ${this.#count} number of messages`)
    if (maxInterval > 0) {
      await this.#context.idle(Math.random() * maxInterval)
      return signal.aborted ? null : [this.#record()]
    }
    return Array.from({ length: Math.min(left, BATCH_SIZE) }, () => this.#record())
  }

  #record(): SourceRecord {
    const value = this.#make(this.#random) as Readonly<Record<string, unknown>>
    // A new seed for each record: it is what a restart goes on with.
    const seed = this.#random.seed()
    this.#random.reseed(seed)
    const header = (key: string, number: number): { key: string; schema: Schema; value: number } => ({
      key,
      schema: headerSchema,
      value: number,
    })
    const count = this.#count++
    return {
      topic: this.#props['kafka.topic'],
      keySchema: this.#keySchema,
      key: this.#key === '' ? null : value[this.#key],
      valueSchema: this.#valueSchema,
      value,
      headers: [
        header('task.generation', this.#generation),
        header('task.id', this.#context.task),
        header('current.iteration', count),
      ],
      sourcePartition: this.#partition,
      sourceOffset: { 'task.generation': this.#generation + 1, 'current.iteration': count + 1, 'random.seed': seed },
    }
  }
}

function progressOf(offset: SourceOffset | null, props: DatagenProps, task: number): Progress {
  if (offset !== null) {
    const { 'task.generation': generation, 'current.iteration': count, 'random.seed': seed } = offset
    if (typeof generation === 'number' && typeof count === 'number' && ['number', 'bigint'].includes(typeof seed))
      return { generation, count, seed: seed as number | bigint }
    throw new ConnectError("The stored offset is not one of Datagen: reset the connector's offsets")
  }
  const given = props['random.seed']
  if (given === null) return { generation: 0, count: 0, seed: Math.floor(Math.random() * 2 ** 53) }
  const random = new Random(given)
  for (let i = 0; i < task; i++) random.reseed(random.seed())
  return { generation: 0, count: 0, seed: random.seed() }
}

/** Starts a task where the stored offset says. */
export async function startDatagen(props: DatagenProps, context: SourceTaskContext): Promise<SourceTask> {
  const file = props['schema.filename']
  const text = file === '' ? schemaText(props) : await readSchemaFile(file)
  const type = checkedType(text, keyField(props))
  return new DatagenTask(
    props,
    context,
    type,
    progressOf(await context.offset({ 'task.id': context.task }), props, context.task),
  )
}

/** Without waiting for who writes to a pipe, which would keep a thread of the pool that the whole process shares. */
async function readSchemaFile(file: string): Promise<string> {
  try {
    await using handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
    if (!(await handle.stat()).isFile()) throw new Error('it is not a file')
    return await handle.readFile('utf8')
  } catch (error) {
    throw new ConfigError(`Cannot read the schema file ${file}: ${(error as Error).message}`, { cause: error })
  }
}
