import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { normalized } from './normalize.ts'
import type { Call, Scenario, Step, Wait } from './scenario.ts'

/** An answer as it is compared. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** Parsed JSON, else the text. */
  readonly body: unknown
}

/** A worker that scenarios are replayed against. */
export interface Subject {
  readonly name: string
  /** Without a slash at the end. */
  readonly url: string
}

/** Headers that clients act on. */
const COMPARED_HEADERS = ['content-type', 'location', 'allow', 'access-control-allow-origin', 'www-authenticate']
const WAIT_TIMEOUT_MS = 20_000
const WAIT_PAUSE_MS = 50

/** Plays a scenario; gives the answers of each step, made comparable. */
export async function replay(subject: Subject, scenario: Scenario): Promise<Answer[][]> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-replay-'))
  try {
    for (const [name, text] of Object.entries(scenario.files ?? {})) await writeFile(join(folder, name), text)
    await clear(subject, scenario)
    const answers: Answer[][] = []
    for (const step of scenario.steps) {
      const found = await play(subject, step, folder)
      answers.push(found.map((answer) => normalized(answer, { url: subject.url, folder })))
    }
    await clear(subject, scenario)
    return answers
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function play(subject: Subject, step: Step, folder: string): Promise<Answer[]> {
  if ('until' in step) return [await waitFor(subject, step, folder)]
  const answers = await Promise.all(Array.from({ length: step.times ?? 1 }, () => send(subject, step, folder)))
  return answers.toSorted((a, b) => a.status - b.status)
}

async function send(subject: Subject, call: Call, folder: string): Promise<Answer> {
  const [method = 'GET', path = '/'] = call.call.split(' ', 2)
  const text = call.text ?? (call.body === undefined ? undefined : JSON.stringify(call.body))
  const response = await fetch(subject.url + path.replaceAll('{tmp}', folder), {
    method,
    headers: { ...(text === undefined ? {} : { 'content-type': 'application/json' }), ...call.headers },
    redirect: 'manual',
    signal: AbortSignal.timeout(100_000),
    ...(text === undefined ? {} : { body: text.replaceAll('{tmp}', folder) }),
  })
  const body = await response.text()
  const headers: Record<string, string> = {}
  for (const name of COMPARED_HEADERS) {
    const value = response.headers.get(name)
    if (value !== null) headers[name] = value
  }
  return { status: response.status, headers, body: parsed(body) }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

async function waitFor(subject: Subject, { until, is }: Wait, folder: string): Promise<Answer> {
  const wanted: unknown = JSON.parse(JSON.stringify(is).replaceAll('{tmp}', folder))
  const deadline = Date.now() + WAIT_TIMEOUT_MS
  for (;;) {
    const answer = await send(subject, { call: `GET ${until}` }, folder)
    if (answer.status === 200 && holds(answer.body, wanted)) return answer
    if (Date.now() > deadline)
      return { ...answer, headers: { ...answer.headers, 'replay-note': 'never became as told' } }
    await new Promise((resolve) => setTimeout(resolve, WAIT_PAUSE_MS))
  }
}

/** Whether `found` has everything that `wanted` has. */
export function holds(found: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted)) {
    return (
      Array.isArray(found) &&
      found.length === wanted.length &&
      wanted.every((part) => found.some((candidate) => holds(candidate, part)))
    )
  }
  if (typeof wanted !== 'object' || wanted === null) return found === wanted
  if (typeof found !== 'object' || found === null) return false
  return Object.entries(wanted).every(([key, value]) => holds((found as Record<string, unknown>)[key], value))
}

async function clear(subject: Subject, { connectors }: Scenario): Promise<void> {
  for (const name of connectors) {
    const url = `${subject.url}/connectors/${encodeURIComponent(name)}`
    await untilAccepted(
      () => fetch(url, { method: 'DELETE' }),
      (status) => status === 204 || status === 404 || status === 400,
    )
    await untilAccepted(
      () => fetch(`${url}/status`),
      (status) => status === 404 || status === 400,
    )
  }
}

/** Deleting may meet a rebalance (409). */
async function untilAccepted(ask: () => Promise<Response>, accepted: (status: number) => boolean): Promise<void> {
  const deadline = Date.now() + WAIT_TIMEOUT_MS
  for (;;) {
    const response = await ask()
    await response.body?.cancel()
    if (accepted(response.status)) return
    if (Date.now() > deadline) throw new Error(`${response.url} still answers ${response.status}`)
    await new Promise((resolve) => setTimeout(resolve, WAIT_PAUSE_MS))
  }
}
