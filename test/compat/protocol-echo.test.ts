import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { join } from 'node:path'
import { test } from 'node:test'
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

test('Kafka reads our messages in every version and writes the very same bytes', { timeout: 120_000 }, async (t) => {
  if (skip) return t.skip(skip)
  t.diagnostic(`seed ${seed}`)
  const questions: { what: string; line: string; hex: string }[] = []
  for (const api of apis.values()) {
    for (let version = api.minVersion; version <= api.maxVersion; version++) {
      for (const side of ['request', 'response'] as const) {
        const samples = fc.sample(arbitraryMessage(api[side].fields, version), { seed, numRuns: SAMPLES_PER_VERSION })
        for (const message of samples) {
          const hex = Buffer.from(api[side].toBytes(version, message)).toString('hex')
          questions.push({
            what: `${api.name} ${side} version ${version}`,
            line: `${side} ${api.key} ${version} ${hex}`,
            hex,
          })
        }
      }
    }
  }
  const answers = await askKafka(questions.map((question) => question.line))
  assert.equal(answers.length, questions.length)
  questions.forEach(({ what, hex }, index) => assert.equal(answers[index], hex, what))
})

test('the table of error codes is that of Kafka, with the same errors retriable', { timeout: 60_000 }, async (t) => {
  if (skip) return t.skip(skip)
  const answers = await askKafka(['errors'])
  assert.deepEqual(
    answers.filter((line) => line !== ''),
    errorCodes.map((error) => `${error.code} ${error.name} ${error.retriable}`),
  )
})
