import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type ConnectorFile, readConnectorFile } from '../../src/cli/connector-files.ts'

const config = {
  name: 'test-connector',
  'connector.class': 'org.apache.kafka.connect.file.FileStreamSource',
  'tasks.max': '1',
  topic: 'lines=all: \u00fc',
}

let folder: string

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-connector-files-'))
})

after(() => rmSync(folder, { recursive: true, force: true }))

function read(text: string): ConnectorFile {
  const file = join(folder, 'connector')
  writeFileSync(file, text)
  return readConnectorFile(file)
}

const { name: _name, ...unnamed } = config

describe('ConnectStandaloneTest', () => {
  test('testParseJavaPropertiesFile: keys and values, with comments and escapes', () => {
    const text = `# a comment\nname=test-connector\n! another\nconnector.class : ${config['connector.class']}\ntasks.max 1\n`
    assert.deepEqual(read(`${text}topic = lines\\=all\\: \\u00fc\n`), { name: config.name, config, initialState: null })
  })

  test('testParseJsonFileWithConnectorConfiguration: settings with a name; numbers and truth values are texts', () => {
    const json = { ...config, 'tasks.max': 1, 'errors.log.enable': true }
    assert.deepEqual(read(JSON.stringify(json)), {
      name: config.name,
      config: { ...config, 'errors.log.enable': 'true' },
      initialState: null,
    })
  })

  test('a byte-order mark before a file of any form does not count', () => {
    const mark = '\ufeff'
    const expected = { name: config.name, config, initialState: null }
    assert.deepEqual(read(mark + JSON.stringify(config)), expected)
    const lines = Object.entries(config).map(([key, value]) => `${key}=${value}`)
    assert.deepEqual(read(mark + lines.join('\r\n')), expected)
  })

  for (const [title, state, initialState] of [
    ['testParseJsonFileWithCreateConnectorRequest', 'STOPPED', 'STOPPED'],
    ['testParseJsonFileWithCreateConnectorRequestWithoutInitialState', undefined, null],
  ] as const) {
    test(`${title}: a request as for POST /connectors`, () => {
      const request = { name: config.name, config, initial_state: state }
      assert.deepEqual(read(JSON.stringify(request)), { name: config.name, config, initialState })
      const named = { ...request, config: unnamed }
      assert.deepEqual(read(JSON.stringify(named)), { name: config.name, config, initialState })
    })
  }

  test('testParseJsonFileWithCreateConnectorRequestWithUnknownField: it is ignored', () => {
    const request = { name: config.name, config, 'unknown-field': 'unknown-value' }
    assert.deepEqual(read(JSON.stringify(request)), { name: config.name, config, initialState: null })
  })
})

test('a file that names no connector, two, or an initial state that there is none of is refused with what is wrong', () => {
  assert.throws(() => read('tasks.max=1\n'), { exitCode: 3, message: /connector names no connector/ })
  assert.throws(() => read('{"config": {}}'), { exitCode: 3, message: /connector names no connector/ })
  const request = (more: object): string => JSON.stringify({ name: 'a', config: unnamed, ...more })
  assert.throws(() => read(request({ config: { ...unnamed, name: 'b' } })), {
    exitCode: 3,
    message: /has two names, a and, in its config, b/,
  })
  assert.throws(() => read(request({ initial_state: 'ASLEEP' })), { exitCode: 3, message: /initial_state ASLEEP/ })
  assert.throws(() => readConnectorFile(join(folder, 'none')), { exitCode: 3, message: /there is no such file/ })
})
