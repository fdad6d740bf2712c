import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { LogLevels, parseLevel } from '../../src/base/log-levels.ts'

/** Levels whose clock goes on by one at each change. */
function levels(): LogLevels {
  let now = 0
  return new LogLevels('INFO', () => ++now)
}

test('testLoggerNameInvalid: a logger that nobody has made is not known', () => {
  const known = levels()
  assert.equal(known.get('bogus'), null)
  known.know('real')
  assert.deepEqual(known.get('real'), { level: 'INFO', lastModified: null })
})

test('testLevelWithRootLogger, testGetLevelRootLogger: the root logger answers to its name in any case', () => {
  assert.deepEqual(levels().get('ROOT'), { level: 'INFO', lastModified: null })
  assert.deepEqual(levels().get('root'), { level: 'INFO', lastModified: null })
})

test('testSetLevel: those above are left as they are, those below follow, and only what changed has a time', () => {
  const known = levels()
  for (const name of ['a.b', 'a.b.c', 'a.b.c.D', 'a.b.c.E', 'a.x']) known.know(name)
  assert.deepEqual(known.set('a.b.c.D', 'DEBUG'), ['a.b.c.D'])
  assert.deepEqual(known.set('a.b.c', 'DEBUG'), ['a.b.c', 'a.b.c.E'])
  assert.deepEqual(known.all(), [
    ['a.b', { level: 'INFO', lastModified: null }],
    ['a.b.c', { level: 'DEBUG', lastModified: 2 }],
    ['a.b.c.D', { level: 'DEBUG', lastModified: 1 }],
    ['a.b.c.E', { level: 'DEBUG', lastModified: 2 }],
    ['a.x', { level: 'INFO', lastModified: null }],
    ['root', { level: 'INFO', lastModified: null }],
  ])
  assert.deepEqual(known.set('a.b.c', 'DEBUG'), [], 'setting what is set changes nothing')
  assert.equal(known.get('a.b.c')?.lastModified, 2)
  known.know('a.b.c.Later')
  assert.equal(known.get('a.b.c.Later')?.level, 'DEBUG', 'one that is made later has the level from above')
})

test('testSetRootLevel: root changes all, also those with a level of their own', () => {
  const known = levels()
  known.know('a.b')
  known.set('a', 'ERROR')
  assert.deepEqual(known.set('Root', 'DEBUG'), ['a', 'a.b', 'root'])
  assert.equal(known.level('a.b'), 'DEBUG')
  assert.deepEqual(known.set('root', 'DEBUG'), [])
})

test('testSetLevelNullArguments, testIsValidLevel: words in any case with blanks, nothing else', () => {
  assert.equal(parseLevel(' debug '), 'DEBUG')
  for (const word of ['OFF', 'FATAL', 'ERROR', 'WARN', 'INFO', 'DEBUG', 'TRACE', 'ALL'])
    assert.equal(parseLevel(word), word)
  for (const word of ['', 'HIGH', '7']) assert.equal(parseLevel(word), null)
})

test('a logger that is OFF is not listed, and can be switched on again', () => {
  const known = levels()
  known.set('a', 'OFF')
  assert.deepEqual(
    known.all().map(([name]) => name),
    ['root'],
  )
  assert.equal(known.get('a')?.level, 'OFF')
  assert.deepEqual(known.set('a', 'WARN'), ['a'])
})

test('loggers write what their level lets through, from the moment when it is changed', () => {
  const script = `
    import { createLogger, levelsOf } from ${JSON.stringify(new URL('../../src/base/logger.ts', import.meta.url).href)}
    const root = createLogger()
    const child = root.child({ logger: 'a.b' })
    const grandchild = child.child({ logger: 'a.b.C', task: 1 })
    grandchild.debug('too fine')
    levelsOf(child).set('a', 'DEBUG')
    grandchild.debug('fine enough')
    root.debug('root is as it was')
    levelsOf(root).set('a.b.C', 'OFF')
    grandchild.fatal('off')
    child.debug('still on')`
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  assert.deepEqual(
    lines.map(({ logger, msg, task }) => [logger, msg, task]),
    [
      ['a.b.C', 'fine enough', 1],
      ['a.b', 'still on', undefined],
    ],
  )
  assert.equal(stdout.split('"logger"').length, 3, 'each line names its logger once')
})

test('a logger that nobody made becomes known when it is set, and counts as changed only with another level', () => {
  const known = levels()
  assert.deepEqual(known.set('new.One', 'INFO'), [])
  assert.deepEqual(known.get('new.One'), { level: 'INFO', lastModified: null })
  assert.deepEqual(known.set('new.Two', 'WARN'), ['new.Two'])
})
