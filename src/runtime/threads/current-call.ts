import { currentPluginCall, type PluginCall } from '../plugins/plugin-scope.ts'
import { parsed, ThreadSession } from './thread-session.ts'

const PROBE_NAME = '__millraceCurrentCall'
/** A request to pause gets lost now and then, when it reaches a thread between two callbacks: it is repeated until obeyed. */
const PAUSE_AGAIN_MS = 100

/** Lets {@link probeThread} ask this thread, from outside and in the middle of an endless loop, whose code runs. */
export function exposeCurrentCall(): void {
  Object.defineProperty(globalThis, PROBE_NAME, {
    value: () => JSON.stringify(currentPluginCall() ?? null),
    enumerable: false,
  })
}

/** Where a thread was found. */
export interface ThreadProbe {
  /** Null: in the runtime's own code, or in code whose origin is not known. */
  readonly call: PluginCall | null
  /** `\tat function (file:line:column)` lines. */
  readonly stack: string
}

interface CallFrame {
  readonly callFrameId: string
  readonly functionName: string
  readonly url: string
  readonly location: { readonly scriptId: string; readonly lineNumber: number; readonly columnNumber?: number }
}

interface Told {
  readonly callFrames?: readonly CallFrame[]
  readonly scriptId?: string
  readonly url?: string
}

/**
 * Interrupts a thread that does not answer, by way of the inspector, and says where it is. Null when it cannot be interrupted
 * in `timeoutMs` (it waits, or runs native code). The thread is left to be terminated.
 */
export function probeThread(threadId: number, timeoutMs: number): Promise<ThreadProbe | null> {
  return new Promise((resolve) => {
    let found: ThreadProbe | null = null
    let isPausing = false
    let pauseTimer: NodeJS.Timeout | undefined
    const finish = (): void => {
      clearTimeout(timer)
      clearInterval(pauseTimer)
      resolve(found)
      const mayBePaused = isPausing
      isPausing = false
      try {
        // The end of a session does not wake a thread that pauses, now or as soon as the request to pause reaches it,
        // and a paused thread can not be terminated.
        if (mayBePaused) session.send(4, 'Debugger.disable')
      } catch {
        // The thread may be gone already.
      }
      session.close()
    }
    const timer = setTimeout(finish, timeoutMs)
    const urls = new Map<string, string>()
    const session = new ThreadSession<{ readonly result?: { readonly value?: unknown } }, Told>({
      onAttached() {
        session.send(1, 'Debugger.enable')
        const pause = (): void => session.send(2, 'Debugger.pause')
        pause()
        pauseTimer = setInterval(pause, PAUSE_AGAIN_MS)
        isPausing = true
      },
      onMessage({ id, method, params, result }) {
        const { callFrames: frames, scriptId, url } = params ?? {}
        if (method === 'Debugger.scriptParsed' && scriptId !== undefined) urls.set(scriptId, url ?? '')
        if (method === 'Debugger.paused' && frames !== undefined) {
          clearInterval(pauseTimer)
          found = { call: null, stack: stackText(frames, urls) }
          const expression = `globalThis.${PROBE_NAME}?.()`
          const callFrameId = frames[0]?.callFrameId
          session.send(3, 'Debugger.evaluateOnCallFrame', { callFrameId, expression, returnByValue: true })
        } else if (id === 3) {
          found = { call: parsed<PluginCall>(result?.result?.value), stack: found?.stack ?? '' }
          session.send(4, 'Debugger.disable')
        } else if (id === 4) {
          isPausing = false
          session.detach(finish)
        }
      },
      onFailed: finish,
    })
    session.open(threadId)
  })
}

function stackText(frames: readonly CallFrame[], urls: ReadonlyMap<string, string>): string {
  const lines: string[] = []
  for (const { functionName, url, location } of frames) {
    const script = url || (urls.get(location.scriptId) ?? '')
    if (script.startsWith('node:')) continue
    const place = `${script || '<anonymous>'}:${location.lineNumber + 1}:${(location.columnNumber ?? 0) + 1}`
    lines.push(functionName === '' ? `\tat ${place}` : `\tat ${functionName} (${place})`)
  }
  return lines.join('\n')
}
