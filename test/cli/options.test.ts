import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Command } from 'commander'
import { levelsOf } from '../../src/base/logger.ts'
import { serverLogger, type ServerOptions, withServerOptions } from '../../src/cli/commands/options.ts'

function parsed(...args: string[]): ServerOptions {
  const quiet = { writeErr: () => undefined }
  return withServerOptions(new Command()).exitOverride().configureOutput(quiet).parse(args, { from: 'user' }).opts()
}

const rest = 'org.apache.kafka.connect.runtime.rest'

test('--log-level is for all loggers, or for those that it names, which count as never changed', () => {
  const levels = levelsOf(
    serverLogger(parsed('--log-level', 'ERROR', '--log-level', `${rest}=Debug`).logLevel, 'worker'),
  )
  assert.equal(levels?.level(`${rest}.RestServer`), 'DEBUG')
  assert.equal(levels?.level('org.apache.kafka.connect.runtime.Worker'), 'ERROR')
  assert.deepEqual(levels?.get(rest), { level: 'DEBUG', lastModified: null })
  assert.deepEqual(parsed('--log-level', 'root=off').logLevel, { root: 'silent', named: [] })
  assert.deepEqual(parsed().logLevel, { root: 'info', named: [] })
})

test('--log-level refuses what is no level, and a level without the logger that it is for', () => {
  assert.throws(() => parsed('--log-level', 'loud'), /"loud" is not a log level/)
  assert.throws(() => parsed('--log-level', `${rest}=loud`), /"loud" is not a log level/)
  assert.throws(() => parsed('--log-level', '=info'), /"=info" names no logger/)
})

test('--override takes one property each time, and leaves the files that follow to the command', () => {
  const command = withServerOptions(new Command()).argument('<worker>').argument('[connectors...]')
  command.parse(['--override', 'a=1', 'w.properties', '--override', 'b=2', 'c.json', 'd.json'], { from: 'user' })
  assert.deepEqual(command.args, ['w.properties', 'c.json', 'd.json'])
  assert.deepEqual(command.opts<ServerOptions>().override, ['a=1', 'b=2'])
})
