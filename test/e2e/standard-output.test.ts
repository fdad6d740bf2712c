import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { ConnectRest, type ConnectorStatus, until } from '../../bench/rig/connect-rest.ts'
import { freePort } from '../support/free-port.ts'

const bin = new URL('../../src/cli/bin.cjs', import.meta.url).pathname

/** Prints a hundred kilobytes a time. */
const printer = `
  import { config, defineSource } from 'millrace/connect'
  export default defineSource({
    class: 'test.Printer',
    version: '1.0.0',
    summary: 'Prints.',
    config: config({}),
    startTask: (_props, context) => ({
      poll() {
        for (let i = 0; i < 100; i++) console.log('printed by a plugin ' + 'x'.repeat(1000))
        return context.idle(10)
      },
    }),
  })
`

const connectors: Readonly<Record<string, Record<string, string>>> = {
  source: {
    'connector.class': 'org.apache.kafka.connect.tools.VerifiableSourceConnector',
    topic: 'numbers',
    throughput: '1000',
  },
  sink: { 'connector.class': 'org.apache.kafka.connect.tools.VerifiableSinkConnector', topics: 'numbers' },
  lines: { 'connector.class': 'org.apache.kafka.connect.file.FileStreamSinkConnector', topics: 'numbers' },
  printer: { 'connector.class': 'test.Printer' },
}

test('a reader of the output that stops, goes on and goes away fails no task and holds up only what it is to read', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-output-'))
  const restUrl = `http://127.0.0.1:${await freePort()}`
  const properties = {
    listeners: restUrl,
    'broker.listeners': `PLAINTEXT://127.0.0.1:${await freePort()}`,
    'broker.log.dirs': join(folder, 'broker'),
    'plugin.path': join(folder, 'plugins'),
  }
  await mkdir(properties['plugin.path'])
  await writeFile(join(properties['plugin.path'], 'printer.ts'), printer)
  const overrides = Object.entries(properties).flatMap(([key, value]) => ['--override', `${key}=${value}`])
  const worker = spawn(process.execPath, [bin, 'start', ...overrides], {
    stdio: ['ignore', 'pipe', 'inherit'],
    cwd: folder,
  })
  const exited = once(worker, 'exit')
  t.after(async () => {
    worker.kill('SIGKILL')
    await exited
    await rm(folder, { recursive: true, force: true })
  })
  const rest = new ConnectRest(restUrl)
  await until('REST answers', 60_000, async () => {
    const answer = await rest.request('GET', '/').catch(() => null)
    return answer?.status === 200 ? true : null
  })

  const statuses = async (): Promise<string[]> => {
    const answers = await Promise.all(
      Object.keys(connectors).map((name) => rest.request('GET', `/connectors/${name}/status`)),
    )
    return answers.flatMap(({ body }) => ((body as Partial<ConnectorStatus>).tasks ?? []).map(({ state }) => state))
  }
  const allRun = (what: string): Promise<unknown> =>
    until(what, 60_000, async () => {
      const states = await statuses()
      assert.ok(!states.includes('FAILED'), `${what}: ${states.join()}`)
      return states.length === 4 && states.every((state) => state === 'RUNNING') ? true : null
    })
  /** Which of the connectors are heard of in what comes from now on. */
  const heard = async (): Promise<void> => {
    const marks = ['"committed":true', '"sinkTask":0', /^\d+$/m, 'printed by a plugin']
    let output = ''
    for await (const chunk of worker.stdout.iterator({ destroyOnReturn: false })) {
      output = (output + String(chunk)).slice(-1_000_000)
      if (marks.every((mark) => (typeof mark === 'string' ? output.includes(mark) : mark.test(output)))) return
    }
    assert.fail('the output ended')
  }
  /** Waits until the source has polled records, and more of them than at the last look, or not, as is said. */
  const polled = (what: string, isRight: (now: number, before: number) => boolean): Promise<unknown> => {
    let before: number | null = null
    return until(
      what,
      60_000,
      async () => {
        const text = await (await fetch(`${restUrl}/metrics`)).text()
        const [, count] =
          /^kafka_connect_source_task_metrics_source_record_poll_total\{connector="source".*\} (\d+)/m.exec(text) ?? []
        const now = Number(count ?? 0)
        const isDone = before !== null && now > 0 && isRight(now, before)
        before = now
        return isDone ? true : null
      },
      500,
    )
  }

  for (const [name, config] of Object.entries(connectors)) {
    // It fills the output at once, where the source would wait without ever having polled.
    if (name === 'printer') await polled('the source polling', () => true)
    const answer = await rest.request('PUT', `/connectors/${name}/config`, config)
    assert.equal(answer.status, 201, JSON.stringify(answer.body))
  }
  await allRun('with a reader that has stopped')
  await polled('the source waiting for the reader', (now, before) => now === before)
  await heard()
  worker.stdout.destroy()
  await once(worker.stdout, 'close')
  await polled('the source going on without a reader', (now, before) => now > before)
  await allRun('with a reader that is gone')
  worker.kill('SIGTERM')
  assert.deepEqual(await exited, [0, null])
})
