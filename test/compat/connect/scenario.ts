export type WorkerKind = 'cluster' | 'standalone'

/** One call of a scenario, or a wait. Paths and bodies may hold `{tmp}`, a folder that both workers may use. */
export type Step = Call | Wait

/** A request whose answer is compared. */
export interface Call {
  /** `METHOD /path`. */
  readonly call: string
  /** Sent as JSON; `text` is sent as it is. */
  readonly body?: unknown
  readonly text?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Sent this many times at once; the sorted answers are compared. */
  readonly times?: number
  /** Why a difference here is wanted; it is printed as known. The page on Kafka Connect's users lists it. */
  readonly known?: string
}

/** Asks until the answer is as told, so that what follows compares the same state. The last answer is compared. */
export interface Wait {
  /** Path of a GET. */
  readonly until: string
  /** Part of the answer, by key, that must be there: objects hold it, arrays hold each of it and nothing else. */
  readonly is: unknown
  readonly known?: string
}

/** Steps that build upon each other, begun on a worker without connectors of the names that it uses. */
export interface Scenario {
  readonly name: string
  /** Which workers it is for; default: those of a cluster. */
  readonly mode?: WorkerKind
  /** Deleted before and after. */
  readonly connectors: readonly string[]
  /** Put into `{tmp}` before. */
  readonly files?: Readonly<Record<string, string>>
  readonly steps: readonly Step[]
}
