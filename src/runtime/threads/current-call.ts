import { Session } from 'node:inspector'
import { currentPluginCall, type PluginCall } from '../plugins/plugin-scope.ts'

const PROBE_NAME = '__millraceCurrentCall'

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
  readonly location: { readonly lineNumber: number; readonly columnNumber?: number }
}

interface InspectorMessage {
  readonly id?: number
  readonly method?: string
  readonly params?: { readonly callFrames?: readonly CallFrame[] }
  readonly result?: { readonly result?: { readonly value?: unknown } }
}

/**
 * Interrupts a thread that does not answer, by way of the inspector, and says where it is. Null when it cannot be interrupted
 * in `timeoutMs` (it waits, or runs native code). The thread is left to be terminated.
 */
export function probeThread(threadId: number, timeoutMs: number): Promise<ThreadProbe | null> {
  return new Promise((resolve) => {
    const session = new Session()
    let stack = ''
    const finish = (probe: ThreadProbe | null): void => {
      clearTimeout(timer)
      resolve(probe)
      try {
        session.disconnect()
      } catch {
        // The thread may be gone already.
      }
    }
    const timer = setTimeout(() => finish(stack === '' ? null : { call: null, stack }), timeoutMs)
    let sessionId = ''
    const send = (id: number, method: string, params: object = {}): void => {
      const message = JSON.stringify({ id, method, params })
      session.post('NodeWorker.sendMessageToWorker', { sessionId, message }, (error) => {
        if (error) finish(null)
      })
    }
    session.on('NodeWorker.attachedToWorker', ({ params }) => {
      if (Number(params.workerInfo.workerId) !== threadId) return
      sessionId = params.sessionId
      send(1, 'Debugger.enable')
      send(2, 'Debugger.pause')
    })
    session.on('NodeWorker.receivedMessageFromWorker', ({ params }) => {
      if (params.sessionId !== sessionId) return
      const message = JSON.parse(params.message) as InspectorMessage
      const frames = message.params?.callFrames
      if (message.method === 'Debugger.paused' && frames !== undefined) {
        stack = stackText(frames)
        const expression = `globalThis.${PROBE_NAME}?.()`
        send(3, 'Debugger.evaluateOnCallFrame', {
          callFrameId: frames[0]?.callFrameId,
          expression,
          returnByValue: true,
        })
      } else if (message.id === 3) {
        finish({ call: parseCall(message.result?.result?.value), stack })
      }
    })
    try {
      session.connect()
      session.post('NodeWorker.enable', { waitForDebuggerOnStart: false }, (error) => {
        if (error) finish(null)
      })
    } catch {
      finish(null)
    }
  })
}

function stackText(frames: readonly CallFrame[]): string {
  return frames
    .filter((frame) => !frame.url.startsWith('node:'))
    .map(({ functionName, url, location }) => {
      const place = `${url}:${location.lineNumber + 1}:${(location.columnNumber ?? 0) + 1}`
      return functionName === '' ? `\tat ${place}` : `\tat ${functionName} (${place})`
    })
    .join('\n')
}

function parseCall(value: unknown): PluginCall | null {
  if (typeof value !== 'string') return null
  try {
    return JSON.parse(value) as PluginCall | null
  } catch {
    return null
  }
}
