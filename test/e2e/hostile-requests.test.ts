import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type ConnectorStatus, until } from '../../bench/rig/connect-rest.ts'
import { startTestMillrace, type TestMillrace } from '../support/millrace.ts'

// Requests that mean harm: whatever they ask, others are answered meanwhile.

let millrace: TestMillrace
let port: number
before(async () => {
  millrace = await startTestMillrace({ 'task.thread.unresponsive.ms': '1500' })
  port = Number(new URL(millrace.rest.url).port)
})
after(() => millrace.stop())

interface Answer {
  readonly status: number
  readonly location: string | null
  readonly text: string
}

async function send(method: string, path: string, body: string): Promise<Answer> {
  const headers = { 'content-type': 'application/json' }
  const signal = AbortSignal.timeout(20_000)
  const response = await fetch(millrace.rest.url + path, { method, body, headers, signal })
  return { status: response.status, location: response.headers.get('location'), text: await response.text() }
}

/** Sends it, and another request behind it, which must not have to wait. */
async function attack(method: string, path: string, body: unknown): Promise<Answer> {
  const sent = send(method, path, typeof body === 'string' ? body : JSON.stringify(body))
  sent.catch(() => {})
  await new Promise((resolve) => setImmediate(resolve))
  const began = performance.now()
  assert.equal((await fetch(millrace.rest.url, { signal: AbortSignal.timeout(20_000) })).status, 200)
  const waited = performance.now() - began
  const answer = await sent
  assert.ok(waited < 5_000, `another request waited ${waited} ms`)
  return answer
}

const validate = '/connector-plugins/FileStreamSink/config/validate'
const sink = { 'connector.class': 'FileStreamSink', topics: 'a', file: '/dev/null', name: 'n' }
const long = 200_000

const slow: readonly (readonly [string, Record<string, string>])[] = [
  ['references that never end', { file: `\${${':'.repeat(long)}`, topics: `${'${a:'.repeat(long / 4)}` }],
  ['lists of spaces', { transforms: `a${' '.repeat(long)}b`, predicates: `${'a ,'.repeat(3)}${' '.repeat(long)}b` }],
  ['names that sound secret, over and over', { file: `?${'password'.repeat(long / 8)}` }],
  ['login modules that never end', { file: 'password= '.repeat(long / 10), x: `password${' '.repeat(long)}` }],
  ['addresses without an end', { file: `${'://a:'.repeat(long / 5)}`, x: `Basic${' '.repeat(long)}` }],
  [
    'a sentence of the parser within a value',
    {
      transforms: 'a',
      'transforms.a.type': 'HoistField$Value',
      'transforms.a.predicate': 'x for configuration '.repeat(long / 20),
    },
  ],
  [
    'a faulty number that holds a sentence of the parser',
    {
      transforms: 'a',
      'transforms.a.type': 'Cast$Value',
      'transforms.a.spec': 'x',
      'transforms.a.replace.null.with.default': 'x for configuration '.repeat(long / 20),
    },
  ],
  ['classes within classes of an expression', { topics: '', 'topics.regex': '['.repeat(long) + ']'.repeat(long) }],
  ['groups within groups of an expression', { topics: '', 'topics.regex': '('.repeat(long) + ')'.repeat(long) }],
  [
    'numbers of any length',
    { 'tasks.max': '9'.repeat(20_000_000), 'connector.plugin.version': `[${'9'.repeat(long)},]` },
  ],
  ['numbers of zeros', { 'tasks.max': `${'0'.repeat(20_000_000)}x` }],
  [
    'a regular expression without an end for the name of the dead letter topic',
    { topics: '', 'topics.regex': '(a+)+b', 'errors.deadletterqueue.topic.name': `${'a'.repeat(40)}!` },
  ],
]
for (const [title, config] of slow) {
  test(`validation is not held up by ${title}`, async () => {
    const { status, text } = await attack('PUT', validate, { ...sink, ...config })
    // A version that cannot be read is a 500 there, as with Kafka Connect.
    assert.ok(status === 200 || text.includes('errors.BadRequestException: Range of versions'), text.slice(0, 500))
  })
}

test('secrets of any number and size take neither the memory nor the time of others', async () => {
  const before = millrace.process.residentBytes() ?? 0
  for (let i = 0; i < 6; i++) {
    const large = { 'x.password': `${i}x`.repeat(10_000_000), 'y.password': ','.repeat(10_000_000) }
    assert.equal((await attack('PUT', validate, { ...sink, ...large })).status, 200)
  }
  const many = Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`a${i}.password`, `secret-${i}`]))
  assert.equal((await attack('PUT', validate, { ...sink, ...many })).status, 200)
  const grown = (millrace.process.residentBytes() ?? 0) - before
  assert.ok(grown < 1_000_000_000, `it grew by ${grown} bytes`)
})

test('JSON that is nested a hundred thousand times is refused', async () => {
  const arrays = '['.repeat(100_000) + ']'.repeat(100_000)
  const objects = `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`
  for (const body of [
    arrays,
    objects,
    `{"name":"x","config":${objects}}`,
    `{"offsets":[{"partition":${objects}}]}`,
    '['.repeat(5e5),
  ]) {
    for (const [method, path] of [
      ['POST', '/connectors'],
      ['PUT', '/connectors/x/config'],
      ['PATCH', '/connectors/x/offsets'],
      ['POST', '/connectors/x/tasks'],
      ['PUT', '/admin/loggers/root'],
    ] as const) {
      const { status, text } = await attack(method, path, body)
      assert.ok(status === 500 || status === 400, `${method} ${path} gave ${status}`)
      assert.ok(text.length < 2_000)
    }
  }
})

test('a number of millions of digits is refused', async () => {
  const digits = '9'.repeat(20_000_000)
  const body = `{"offsets":[{"partition":{"kafka_topic":"a","kafka_partition":${digits}},"offset":{"kafka_offset":1}}]}`
  const { status, text } = await attack('PATCH', '/connectors/x/offsets', body)
  assert.equal(status, 500)
  assert.match(text, /a number has 20000000 digits/)
  assert.ok(text.length < 1_000)
})

test('settings called like what every object has are settings like any other', async () => {
  const odd = { __proto__: null, constructor: 'c', toString: 't', hasOwnProperty: 'h' }
  const config = JSON.stringify({ ...sink, ...odd, file: '/dev/null' }).replace(
    '{',
    '{"__proto__":"p","prototype":"q",',
  )
  const name = 'odd'
  const created = await attack('PUT', `/connectors/${name}/config`, config.replace('"name":"n"', `"name":"${name}"`))
  assert.equal(created.status, 201, created.text)
  await millrace.reach(name, 'RUNNING', 1)
  const kept = await (await fetch(`${millrace.rest.url}/connectors/${name}/config`)).text()
  for (const text of [
    '"__proto__":"p"',
    '"prototype":"q"',
    '"constructor":"c"',
    '"toString":"t"',
    '"hasOwnProperty":"h"',
  ])
    assert.ok(kept.includes(text), `${text} is missing in ${kept}`)
  assert.equal(({} as { p?: unknown }).p, undefined)
  await millrace.rest.ok('DELETE', `/connectors/${name}`)
})

test('connectors may be called like what every object has, and like headers', async () => {
  for (const name of ['__proto__', 'constructor', '\u{1f600}', ' %0d%0a', '..', '.']) {
    const created = await attack('POST', '/connectors', { name, config: { ...sink, name: name.trim() } })
    assert.equal(created.status, 201, created.text)
    const { location } = created
    assert.ok(location !== null && !/[\r\n]/.test(location), String(location))
    const path = `/connectors/${encodeURIComponent(name.trim())}`
    if (!/^\.+$/.test(name)) {
      assert.equal(new URL(location).pathname.replaceAll('%40', '@'), path)
      assert.equal((await fetch(millrace.rest.url + path)).status, 200)
    }
  }
  for (const name of ['a\r\nSet-Cookie: x=1', 'a\u0000b']) {
    const refused = await attack('POST', '/connectors', { name, config: { ...sink, name } })
    assert.equal(refused.status, 400, refused.text)
  }
  const expanded = (await millrace.rest.ok('GET', '/connectors?expand=info')) as Record<string, unknown>
  assert.ok(Object.hasOwn(expanded, '__proto__') && Object.hasOwn(expanded, 'constructor'))
})

test('a name that is no text is refused, or can be used: nothing is made that nobody can reach', async () => {
  for (const name of ['\ud800', 'x\udfff']) {
    const body = `{"name":${JSON.stringify(name)},"config":${JSON.stringify({ ...sink, name })}}`
    const { status, text } = await attack('POST', '/connectors', body)
    assert.equal(status, 400, text)
  }
  const names = (await millrace.rest.ok('GET', '/connectors')) as string[]
  assert.ok(names.every((name) => name.isWellFormed()))
})

test('thousands of made-up loggers are refused at some point, and the known ones still obey', async () => {
  const put = (name: string): Promise<Answer> => send('PUT', `/admin/loggers/${name}`, '{"level":"ERROR"}')
  let refused: Answer | null = null
  for (let i = 0; i < 20 && refused === null; i++) {
    const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => put(`made.up.${i}.${n}`)))
    refused = answers.find(({ status }) => status !== 200) ?? null
  }
  assert.equal(refused?.status, 400, refused?.text)
  assert.match(refused?.text ?? '', /loggers/)
  assert.equal((await put('org.apache.kafka.connect')).status, 200)
  assert.equal((await put('root')).status, 200)
  assert.equal((await put('made.up.0.0')).status, 200)
})

test('many and large headers are refused, and a request that never ends keeps nobody', async () => {
  const raw = (text: string): Promise<string> =>
    new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () => socket.write(text))
      let answer = ''
      socket.on('data', (chunk) => {
        answer += chunk.toString()
        socket.end()
      })
      socket.on('error', () => resolve(answer))
      socket.on('close', () => resolve(answer))
    })
  const head = 'GET /connectors HTTP/1.1\r\nhost: x\r\n'
  assert.match(await raw(`${head}x: ${'y'.repeat(100_000)}\r\n\r\n`), /^HTTP\/1\.1 431 |^$/)
  assert.match(await raw(`${head}${'a: b\r\n'.repeat(50_000)}\r\n`), /^HTTP\/1\.1 431 |^$/)
  assert.match(await raw('GET /connectors HTTP/1.1\r\nhost: x\r\nx: a\rb\r\n\r\n'), /^HTTP\/1\.1 400 /)
  assert.match(
    await raw('POST /connectors HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n'),
    /^HTTP\/1\.1 400 /,
  )
  const open = Array.from({ length: 200 }, () => {
    const socket = connect(port, '127.0.0.1', () =>
      socket.write('POST /connectors HTTP/1.1\r\nhost: x\r\ncontent-length: 9'),
    )
    socket.on('error', () => {})
    return socket
  })
  assert.equal((await fetch(millrace.rest.url, { signal: AbortSignal.timeout(5_000) })).status, 200)
  for (const socket of open) socket.destroy()
  const large = await attack('POST', '/connectors', ' '.repeat(65 * 1024 * 1024))
  assert.equal(large.status, 413)
})

test('expressions without an end hang their tasks alone, and are found', async () => {
  const endless = '(a+)+b'
  const topic = 'a'.repeat(45)
  const input = join(millrace.folder, 'lines.txt')
  await writeFile(input, 'one\n')
  const source = { 'connector.class': 'FileStreamSource', file: input, topic, 'tasks.max': '1' }
  await millrace.rest.createConnector({ name: 'feed', config: source })
  await millrace.reach('feed', 'RUNNING', 1)
  await until('the topic', 20_000, async () => {
    const { body } = await millrace.rest.request('GET', '/connectors/feed/topics')
    return JSON.stringify(body).includes(topic) ? true : null
  })
  const router = {
    transforms: 'route',
    'transforms.route.type': 'org.apache.kafka.connect.transforms.RegexRouter',
    'transforms.route.regex': endless,
    'transforms.route.replacement': 'b',
  }
  await millrace.rest.createConnector({ name: 'routed', config: { ...source, ...router } })
  const regex = { 'connector.class': 'FileStreamSink', 'topics.regex': endless, file: '/dev/null' }
  await millrace.rest.createConnector({ name: 'subscribed', config: regex })
  for (const [name, where] of [
    ['routed', /did not answer for 1500 ms/],
    ['subscribed', /did not answer for 1500 ms/],
  ] as const) {
    const trace = await until(`the failure of ${name}`, 30_000, async () => {
      const began = performance.now()
      const answer = await millrace.rest.request('GET', `/connectors/${name}/status`)
      assert.ok(performance.now() - began < 5_000)
      return (answer.body as Partial<ConnectorStatus>).tasks?.[0]?.trace ?? null
    })
    assert.match(trace, where)
  }
  await millrace.reach('feed', 'RUNNING', 1)
})
