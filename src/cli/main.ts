import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { withoutSecrets } from '../base/secrets.ts'
import { type ServerOptions, withServerOptions } from './commands/options.ts'
import { endProcess } from '../base/end-process.ts'
import { ExitCode, exitCodeOf } from './exit-codes.ts'
import { StopSignals } from './stop-signals.ts'

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string
}

const program = new Command('millrace')
  .description("Kafka Connect's job in one small Node.js process, with a Kafka broker built in")
  .version(version)
  .showHelpAfterError()

const signals = new StopSignals()

/** Runs a command and ends the process: its connections and threads must not keep it. */
async function run(command: () => Promise<ExitCode>): Promise<void> {
  try {
    process.exit(await command())
  } catch (error) {
    process.stderr.write(withoutSecrets(`millrace: ${error instanceof Error ? error.message : String(error)}\n`))
    process.exit(exitCodeOf(error))
  }
}

// What nobody caught ends the process, as without this, but shows no secret.
process.on('uncaughtException', (error: unknown) => {
  process.stderr.write(
    withoutSecrets(`millrace: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`),
  )
  endProcess(ExitCode.runtime)
})

withServerOptions(program.command('start'))
  .description('run a worker with the integrated broker')
  .argument('[worker.properties]', "Kafka Connect's worker properties; the broker's carry the prefix broker.")
  .action(async (file: string | undefined, options: ServerOptions) => {
    await run(async () => (await import('./commands/start.ts')).runStart(file, options, signals))
  })

withServerOptions(program.command('worker'))
  .description('run a worker against the brokers of bootstrap.servers')
  .argument('[worker.properties]', "Kafka Connect's worker properties")
  .action(async (file: string | undefined, options: ServerOptions) => {
    await run(async () => (await import('./commands/worker.ts')).runWorker(file, options, signals))
  })

withServerOptions(program.command('standalone'))
  .description('run a worker on its own, with connectors from files')
  .argument('<worker.properties>', "Kafka Connect's standalone worker properties")
  .argument('[connectors...]', 'connector files: properties or JSON')
  .action(async (file: string, connectors: string[], options: ServerOptions) => {
    await run(async () => (await import('./commands/standalone.ts')).runStandalone(file, connectors, options, signals))
  })

withServerOptions(program.command('broker'))
  .description('run the integrated broker alone')
  .argument('[server.properties]', "Kafka's broker properties")
  .action(async (file: string | undefined, options: ServerOptions) => {
    await run(async () => (await import('./commands/broker.ts')).runBroker(file, options, signals))
  })

void program.parseAsync()
