import { execFile } from 'node:child_process'
import { access, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { cacheFolder, hasProgram } from './maven-artifact.ts'

const run = promisify(execFile)

/** The release of Apache Kafka that this project is held against. */
export const KAFKA_VERSION = '4.3.1'

const GOAL = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies'

let reason = ''

/** Why `kafkaLibs` gave null: the text of a skipped test. */
export function kafkaLibsReason(): string {
  return reason
}

/**
 * The class path of Apache Kafka's broker and tools with all they need, fetched from Maven Central once and kept in the cache
 * folder (`MILLRACE_CACHE`, or below `node_modules`). Null when there is no `java`, or the cache is empty and `mvn` is missing
 * or fails; `kafkaLibsReason` tells why.
 */
export function kafkaLibs(): Promise<string | null> {
  return libs('kafka', ['kafka_2.13', 'kafka-tools'])
}

/** The same of Kafka Connect's worker with its file, Verifiable and Mock connectors. */
export function connectLibs(): Promise<string | null> {
  return libs('connect', [
    'connect-runtime',
    'connect-json',
    'connect-transforms',
    'connect-file',
    'connect-basic-auth-extension',
    'connect-test-plugins',
  ])
}

/** What lets Kafka Connect log, so that its loggers have levels: Log4j in the version that Kafka is released with. */
export function log4jLibs(): Promise<string | null> {
  return libs('log4j', [
    'org.apache.logging.log4j:log4j-core:2.25.4',
    'org.apache.logging.log4j:log4j-slf4j-impl:2.25.4',
    'org.apache.logging.log4j:log4j-1.2-api:2.25.4',
  ])
}

/** A Java client of Kafka Connect's REST API, by others. */
export function connectClientLibs(): Promise<string | null> {
  return libs('connect-client', ['org.sourcelab:kafka-connect-client:4.0.5', 'org.slf4j:slf4j-nop:1.7.36'])
}

async function libs(name: string, artifacts: readonly string[]): Promise<string | null> {
  if (!(await hasProgram('java', '-version'))) return missing('there is no java to run Apache Kafka with')
  const folder = join(cacheFolder(), `${name}-libs-${KAFKA_VERSION}`)
  if (!(await exists(folder))) {
    if (!(await hasProgram('mvn', '--version'))) return missing('there is no mvn to fetch Apache Kafka with')
    try {
      await fetchInto(folder, artifacts)
    } catch (error) {
      return missing(`Apache Kafka could not be fetched: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  return join(folder, '*')
}

function missing(why: string): null {
  reason = why
  return null
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path)
    return true
  } catch {
    return false
  }
}

async function fetchInto(folder: string, artifacts: readonly string[]): Promise<void> {
  await mkdir(cacheFolder(), { recursive: true })
  // Test files run side by side: each fetches into a folder of its own, and only a whole one gets the final name.
  const own = await mkdtemp(join(cacheFolder(), 'fetch-'))
  try {
    await writeFile(join(own, 'pom.xml'), pom(artifacts))
    await run('mvn', ['-q', '-B', '-f', join(own, 'pom.xml'), GOAL, `-DoutputDirectory=${join(own, 'libs')}`])
    await rename(join(own, 'libs'), folder).catch(async (error: unknown) => {
      if (!(await exists(folder))) throw error
    })
  } finally {
    await rm(own, { recursive: true, force: true })
  }
}

function pom(artifacts: readonly string[]): string {
  const dependencies = artifacts.map((artifact) => {
    const [group, name, version] = artifact.includes(':')
      ? artifact.split(':')
      : ['org.apache.kafka', artifact, KAFKA_VERSION]
    return `<dependency><groupId>${group}</groupId><artifactId>${name}</artifactId><version>${version}</version></dependency>`
  })
  return `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>millrace</groupId><artifactId>kafka-libs</artifactId><version>1</version><packaging>pom</packaging>
<dependencies>${dependencies.join('')}</dependencies></project>
`
}
