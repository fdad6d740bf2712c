import { bundledProviders } from '../../runtime/providers/bundled-providers.ts'
import { code, page, table } from './markdown.ts'

/** What a provider reads, and its parameters. */
const facts: Readonly<Record<string, readonly [reads: string, reference: string, parameters: string]>> = {
  FileConfigProvider: [
    'a properties file',
    '`${alias:/path/to/file:key}`',
    '`allowed.paths`: files and folders that may be read; all unless set',
  ],
  DirectoryConfigProvider: [
    'the files of a folder: a file is a key, its text the value',
    '`${alias:/path/to/folder:file}`',
    '`allowed.paths`: files and folders that may be read; all unless set',
  ],
  EnvVarConfigProvider: [
    'environment variables of the worker',
    '`${alias:NAME}`',
    '`allowlist.pattern`: regular expression of the names that may be read; all unless set',
  ],
}

/** The bundled configuration providers. Throws for one that nobody described. */
export function providersPage(): string {
  return page(
    'Configuration providers',
    'They put values into connector configurations and worker properties that must not stand there. Named by `config.providers` ' +
      'of the worker, with `config.providers.<alias>.class`; parameters carry `config.providers.<alias>.param.` as prefix. REST answers, ' +
      'statuses, logs and topics show the reference, never the value.',
    table(
      ['class', 'reads', 'is referred to as', 'parameters'],
      bundledProviders.map((name) => {
        const found = facts[name.slice(name.lastIndexOf('.') + 1)]
        if (found === undefined) throw new Error(`${name} is not described in src/cli/docs/providers-page.ts`)
        return [code(name), ...found]
      }),
    ),
    'Plugins may bring others.',
  )
}
