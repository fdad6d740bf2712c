import type { MessagePort } from 'node:worker_threads'
import type { SourceOffset, SourcePartition } from '../../connect/index.ts'
import type { OffsetStore } from '../tasks/offset-stores.ts'
import type { CommittableOffset } from '../tasks/submitted-records.ts'
import { fromErrorData, toErrorData } from './error-data.ts'
import type { ErrorData } from './messages.ts'

type OffsetCall =
  | { readonly id: number; readonly connector: string; readonly read: readonly SourcePartition[] }
  | { readonly id: number; readonly connector: string; readonly write: readonly CommittableOffset[] }

type OffsetAnswer =
  | { readonly id: number; readonly value: (SourceOffset | null)[] }
  | { readonly id: number; readonly error: ErrorData }

/** Answers a thread's calls to an offset store that lives in the present one. */
export function serveOffsets(port: MessagePort, store: OffsetStore): void {
  const answer = async (call: OffsetCall): Promise<void> => {
    let reply: OffsetAnswer
    try {
      const { id, connector } = call
      if ('read' in call) reply = { id, value: await store.read(connector, call.read) }
      else {
        await store.write(connector, call.write)
        reply = { id, value: [] }
      }
    } catch (error) {
      reply = { id: call.id, error: toErrorData(error) }
    }
    port.postMessage(reply)
  }
  port.on('message', (call: OffsetCall) => void answer(call))
  port.unref()
}

/** The thread's side: an offset store whose work is done where {@link serveOffsets} runs. */
export class PortOffsetStore implements OffsetStore {
  readonly #port: MessagePort
  readonly #waiting = new Map<number, PromiseWithResolvers<(SourceOffset | null)[]>>()
  #next = 0

  constructor(port: MessagePort) {
    this.#port = port
    port.on('message', (answer: OffsetAnswer) => {
      const waiting = this.#waiting.get(answer.id)
      this.#waiting.delete(answer.id)
      if ('error' in answer) waiting?.reject(fromErrorData(answer.error))
      else waiting?.resolve(answer.value)
    })
  }

  async read(connector: string, partitions: readonly SourcePartition[]): Promise<(SourceOffset | null)[]> {
    return partitions.length === 0 ? [] : this.#call({ id: this.#next++, connector, read: partitions })
  }

  async write(connector: string, offsets: readonly CommittableOffset[]): Promise<void> {
    await this.#call({ id: this.#next++, connector, write: offsets })
  }

  #call(call: OffsetCall): Promise<(SourceOffset | null)[]> {
    const waiting = Promise.withResolvers<(SourceOffset | null)[]>()
    this.#waiting.set(call.id, waiting)
    this.#port.postMessage(call)
    return waiting.promise
  }
}
