import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ConnectRest, type ConnectorStatus, until } from '../../bench/rig/connect-rest.ts'
import { type MillraceProcess, startMillrace } from '../../bench/rig/millrace-process.ts'
import { freePort } from './free-port.ts'

/** `millrace start` as a user has it: one process on ports and in a folder of its own. */
export interface TestMillrace {
  readonly process: MillraceProcess
  readonly rest: ConnectRest
  readonly bootstrapServer: string
  readonly folder: string
  /** Waits until a connector and all its tasks are in `state`, and at least `tasks` of them are there. */
  reach(connector: string, state: string, tasks?: number): Promise<ConnectorStatus>
  stop(): Promise<void>
}

/** @param onOutput is given everything that it writes */
export async function startTestMillrace(
  overrides: Record<string, string> = {},
  onOutput?: (text: string) => void,
): Promise<TestMillrace> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-e2e-'))
  const [restPort, brokerPort] = [await freePort(), await freePort()]
  const bootstrapServer = `127.0.0.1:${brokerPort}`
  const restUrl = `http://127.0.0.1:${restPort}`
  const process = await startMillrace({
    restUrl,
    cwd: folder,
    ...(onOutput === undefined ? {} : { onOutput }),
    overrides: {
      listeners: restUrl,
      'broker.listeners': `PLAINTEXT://${bootstrapServer}`,
      'broker.log.dirs': join(folder, 'broker'),
      'offset.flush.interval.ms': '500',
      ...overrides,
    },
  })
  const rest = new ConnectRest(restUrl)
  return {
    process,
    rest,
    bootstrapServer,
    folder,
    reach: (connector, state, tasks = 0) => reach(rest, connector, state, tasks),
    async stop() {
      await process.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function reach(rest: ConnectRest, connector: string, state: string, tasks: number): Promise<ConnectorStatus> {
  let last: unknown = null
  try {
    return await until(`${connector} ${state}`, 20_000, async () => {
      const answer = await rest.request('GET', `/connectors/${encodeURIComponent(connector)}/status`)
      last = answer.body
      if (answer.status !== 200) return null
      const status = answer.body as ConnectorStatus
      const parts = tasks === 0 ? [status.connector] : [status.connector, ...status.tasks]
      return status.tasks.length >= tasks && parts.every((part) => part.state === state) ? status : null
    })
  } catch (error) {
    throw new Error(`${String((error as Error).message)}; last answer: ${JSON.stringify(last)}`, { cause: error })
  }
}
