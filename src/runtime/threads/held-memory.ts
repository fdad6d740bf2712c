import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { currentPluginCall, type PluginCall } from '../plugins/plugin-scope.ts'
import { parsed, ThreadSession } from './thread-session.ts'

const MEASURE_NAME = '__millraceHeldMemory'

/** What a thread holds, and who had it in hand. */
export interface HeldMemory {
  /** In use in the heap and in buffers, once all garbage is collected. */
  readonly bytes: number
  /** Null: the runtime's own code, or code whose origin is not known. */
  readonly call: PluginCall | null
}

/** Lets {@link measureThread} ask this thread, from outside and in the middle of an endless loop. */
export function exposeHeldMemory(): void {
  const measure = (): string => JSON.stringify({ bytes: heldBytes(), call: currentPluginCall() ?? null })
  Object.defineProperty(globalThis, MEASURE_NAME, { value: measure, enumerable: false })
}

/** The inspector's own command to collect waits until the loop that is under way has ended. */
function heldBytes(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  setFlagsFromString('--no-expose-gc')
  // The buffers that one collection frees are counted by the next one.
  collect()
  collect()
  const { used_heap_size: heapBytes, external_memory: bufferBytes } = getHeapStatistics()
  return heapBytes + bufferBytes
}

/**
 * Interrupts a thread, lets it collect its garbage and go on. Null when it cannot be interrupted in `timeoutMs`: it runs
 * native code, or has ended. Nothing is debugged: to attach a debugger takes longer than a growing array needs to double.
 */
export function measureThread(threadId: number, timeoutMs: number): Promise<HeldMemory | null> {
  return new Promise((resolve) => {
    const finish = (held: HeldMemory | null): void => {
      clearTimeout(timer)
      resolve(held)
      session.close()
    }
    const timer = setTimeout(finish, timeoutMs, null).unref()
    const session = new ThreadSession<{ readonly result?: { readonly value?: unknown } }>({
      onAttached() {
        session.send(1, 'Runtime.evaluate', { expression: `globalThis.${MEASURE_NAME}?.()`, returnByValue: true })
      },
      onMessage({ id, result }) {
        if (id !== 1) return
        session.detach(() => finish(parsed<HeldMemory>(result?.result?.value)))
      },
      onFailed: () => finish(null),
    })
    session.open(threadId)
  })
}
