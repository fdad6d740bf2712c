import { createHash, timingSafeEqual } from 'node:crypto'
import { parseProperties } from '../../base/properties.ts'
import { readTextFile } from '../../base/read-file.ts'
import { hideInLogs } from '../../base/secrets.ts'
import { config, defineRestExtension, type RestExtensionRequest, Type } from '../../connect/index.ts'
import { RuntimeError } from '../../runtime/index.ts'
import { productVersion } from '../version.ts'
import { jaasEntry } from './jaas-config.ts'

const PACKAGE = 'org.apache.kafka.connect.rest.basic.auth.extension'
const ENTRY = 'KafkaConnect'
export const JAAS_FILE_KEY = 'java.security.auth.login.config'
/** Environment variables that carry Java's options, in the order in which they are looked at. */
const optionVariables = ['KAFKA_OPTS', 'JAVA_TOOL_OPTIONS', 'JDK_JAVA_OPTIONS']

const refusal = {
  status: 401,
  body: 'User cannot access the resource.',
  headers: { 'content-type': 'text/plain' },
}

/** Requests of other workers, which are signed. */
const internal: readonly (readonly [string, RegExp])[] = [
  ['POST', /^\/connectors\/[^/]+\/tasks\/?$/],
  ['PUT', /^\/connectors\/[^/]+\/fence\/?$/],
]

/** User name → SHA-256 of the password. */
type Credentials = ReadonlyMap<string, Buffer>

/**
 * Lets through whom a file of `user=password` lines names. The file is named by Kafka's login module
 * PropertyFileLoginModule in the entry `KafkaConnect` of a JAAS file, which is the worker's property
 * `java.security.auth.login.config`, or else what `-Djava.security.auth.login.config` in KAFKA_OPTS or Java's own variables names. It is read once, at the start.
 */
export const basicAuth = defineRestExtension({
  class: `${PACKAGE}.BasicAuthSecurityRestExtension`,
  version: productVersion(),
  summary: 'Asks for user names and passwords (HTTP basic authentication) that a JAAS file names.',
  config: config({ [JAAS_FILE_KEY]: Type.String({ optional: true }) }),
  create: (props) => ({
    async register(context) {
      const { logger } = context
      const files = await credentialFiles(props[JAAS_FILE_KEY] ?? jaasFileOf(process.env))
      const accepted = await Promise.all(files.map(readCredentials))
      if (accepted.some((credentials) => credentials.size === 0)) {
        logger.warn({ files }, 'A file of credentials is empty: every request is let through, as with Kafka Connect')
        return
      }
      context.beforeRequest((request) => {
        if (internal.some(([method, path]) => request.method === method && path.test(request.path))) return undefined
        const given = givenCredentials(request)
        return accepted.some((credentials) => isAccepted(credentials, given)) ? undefined : refusal
      })
    },
  }),
})

/** The path that Java would take its JAAS file from; null when no variable names one. */
export function jaasFileOf(environment: Readonly<Record<string, string | undefined>>): string | null {
  for (const variable of optionVariables) {
    const option = /(?:^|\s)["']?-Djava\.security\.auth\.login\.config==?(?:"([^"]*)"|'([^']*)'|([^\s"']+))/
    const found = option.exec(environment[variable] ?? '')
    const path = found?.[1] ?? found?.[2] ?? found?.[3]
    if (path !== undefined && path !== '') return path.replace(/^file:(?:\/\/(?=\/))?/, '')
  }
  return null
}

/** The credential files that the modules of the entry name. */
async function credentialFiles(jaasFile: string | null): Promise<string[]> {
  if (jaasFile === null) {
    throw new RuntimeError(
      `it needs a JAAS file: set ${JAAS_FILE_KEY}, or -Djava.security.auth.login.config=<file> in KAFKA_OPTS`,
    )
  }
  let modules
  try {
    modules = jaasEntry(await readTextFile(jaasFile), ENTRY)
  } catch (error) {
    throw new RuntimeError(`the JAAS file ${jaasFile} cannot be used: ${(error as Error).message}`, { cause: error })
  }
  return modules.map(({ class: module, options }) => {
    if (module !== `${PACKAGE}.PropertyFileLoginModule`) {
      throw new RuntimeError(
        `the JAAS file ${jaasFile} names ${module}; only ${PACKAGE}.PropertyFileLoginModule is there`,
      )
    }
    const file = options['file']?.trim() ?? ''
    if (file === '') throw new RuntimeError(`the option file of PropertyFileLoginModule in ${jaasFile} must be set`)
    return file
  })
}

async function readCredentials(file: string): Promise<Credentials> {
  let text
  try {
    // As Java reads properties.
    text = await readTextFile(file, 'latin1')
  } catch (error) {
    throw new RuntimeError(`its file of credentials cannot be read: ${(error as Error).message}`, { cause: error })
  }
  const found = Object.entries(parseProperties(text))
  hideInLogs(found.map(([, password]) => password))
  return new Map(found.map(([user, password]) => [user, digest(password)]))
}

function givenCredentials({ headers }: RestExtensionRequest): { user: string; password: string } | null {
  const [scheme, encoded] = String(headers['authorization'] ?? '').split(/ (.*)/s)
  if (scheme?.toLowerCase() !== 'basic' || encoded === undefined) return null
  const text = Buffer.from(encoded.trim(), 'base64').toString('utf8')
  const colon = text.indexOf(':')
  return colon <= 0 ? null : { user: text.slice(0, colon), password: text.slice(colon + 1) }
}

const nobody = digest('')

/** Takes the same time for every password, and for users that are not there. */
function isAccepted(credentials: Credentials, given: { user: string; password: string } | null): boolean {
  const expected = given === null ? undefined : credentials.get(given.user)
  const isSame = timingSafeEqual(expected ?? nobody, digest(given?.password ?? ''))
  return isSame && expected !== undefined
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text, 'utf8').digest()
}
