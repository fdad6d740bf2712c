import type { Herder } from '../../runtime/index.ts'
import { type ConnectorFile, readConnectorFile } from '../connector-files.ts'
import { CommandError, ExitCode } from '../exit-codes.ts'
import { loadProperties } from '../properties.ts'
import { runUntilSignal, type StopSignals } from '../stop-signals.ts'
import { serverLogger, type ServerOptions } from './options.ts'
import { openWorker } from './worker.ts'

/**
 * `millrace standalone`: a worker on its own, which takes its connectors from files and keeps source offsets in a file.
 * Ends with 3 when one of the connectors cannot be created, as Kafka Connect does; what runs by then is stopped.
 */
export async function runStandalone(
  file: string,
  connectorFiles: readonly string[],
  options: ServerOptions,
  signals: StopSignals,
): Promise<ExitCode> {
  const logger = serverLogger(options.logLevel, 'worker')
  const connectors = connectorFiles.map(readConnectorFile)
  const properties = loadProperties(file, options.override)
  const prepare = async (herder: Herder): Promise<void> => {
    for (const [i, connector] of connectors.entries()) {
      const from = connectorFiles[i] ?? ''
      // One whose database cannot be reached, say, takes a while: let it be seen what is waited for.
      logger.info({ connector: connector.name, file: from }, 'Creating a connector of the command line')
      await create(herder, connector, from)
    }
  }
  return runUntilSignal(
    async (...start) => {
      const { urls } = await openWorker(properties, { logger, standalone: true, prepare }, ...start)
      logger.info({ rest: urls, connectors: connectors.map(({ name }) => name) }, 'Millrace is ready')
    },
    signals,
    logger,
  )
}

async function create(herder: Herder, { name, config, initialState }: ConnectorFile, file: string): Promise<void> {
  try {
    await herder.putConnector(name, config, { allowReplace: false, initialState })
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new CommandError(`Connector ${name} of ${file} cannot be created: ${reason}`, ExitCode.environment, {
      cause: error,
    })
  }
}
