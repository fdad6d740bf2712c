import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import fc from 'fast-check'
import { errorCodes } from '../../src/protocol/errors.ts'
import { apis } from '../../src/protocol/messages/index.ts'
import { JVM } from '../support/apache-kafka.ts'
import { arbitraryMessage, seed } from '../support/arbitrary-message.ts'
import { hasProgram, mavenArtifact } from '../support/maven-artifact.ts'

/** Our bytes read and written again by Kafka's own classes: what comes back has to be the same, byte for byte. */

const SAMPLES_PER_VERSION = 8
const jars = await Promise.all(
  ['org.apache.kafka:kafka-clients:4.3.1', 'org.slf4j:slf4j-api:1.7.36'].map(mavenArtifact),
)
const skip = jars.includes(null)
  ? 'Maven (mvn) is not installed and the kafka-clients jar is not in the cache folder'
  : !(await hasProgram('javac', '-version')) && 'a Java development kit (javac) is not installed'

/** Gives the lines to Kafka's classes in one Java process and returns the answers. */
async function askKafka(lines: readonly string[]): Promise<string[]> {
  const program = join(import.meta.dirname, '../support/EchoMessages.java')
  const child = spawn('java', [...JVM, '-cp', jars.join(':'), program], { stdio: ['pipe', 'pipe', 'ignore'] })
  child.stdin.end(`${lines.join('\n')}\n`)
  const answers: string[] = []
  for await (const line of createInterface({ input: child.stdout })) answers.push(line)
  return answers
}

interface Question {
  readonly what: string
  readonly line: string
  readonly hex: string
}

function questions(): Question[] {
  const all: Question[] = []
  for (const api of apis.values()) {
    for (let version = api.minVersion; version <= api.maxVersion; version++) {
      for (const side of ['request', 'response'] as const) {
        const samples = fc.sample(arbitraryMessage(api[side].fields, version), { seed, numRuns: SAMPLES_PER_VERSION })
        for (const message of samples) {
          const hex = Buffer.from(api[side].toBytes(version, message)).toString('hex')
          all.push({
            what: `${api.name} ${side} version ${version}`,
            line: `${side} ${api.key} ${version} ${hex}`,
            hex,
          })
        }
      }
    }
  }
  return all
}

describe('against the classes of Kafka', { skip, timeout: 120_000 }, () => {
  let asked: Question[] = []
  let answers: string[] = []
  before(async () => {
    asked = questions()
    answers = await askKafka([...asked.map(({ line }) => line), 'errors'])
  })

  test('Kafka reads our messages in every version and writes the very same bytes', (t) => {
    t.diagnostic(`seed ${seed}`)
    asked.forEach(({ what, hex }, index) => assert.equal(answers[index], hex, what))
  })

  test('the table of error codes is that of Kafka, with the same errors retriable', () => {
    assert.deepEqual(
      answers.slice(asked.length).filter((line) => line !== ''),
      errorCodes.map((error) => `${error.code} ${error.name} ${error.retriable}`),
    )
  })
})
