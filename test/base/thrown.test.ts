import assert from 'node:assert/strict'
import { test } from 'node:test'
import { presentable } from '../../src/base/thrown.ts'

function faulty(change: (error: Error) => void): Error {
  const error = new Error('it failed')
  change(error)
  return error
}

function refuse(): never {
  throw new Error('refused')
}

const faultyOnes: Record<string, unknown> = {
  'an object without a prototype': Object.create(null),
  'an object whose text is none': { toString: (): unknown => ({}) },
  'a message that throws': faulty((error) => Object.defineProperty(error, 'message', { get: refuse })),
  'a message that is a symbol': faulty((error) => Object.assign(error, { message: Symbol('text') })),
  'a name that is none': faulty((error) => Object.assign(error, { name: 5 })),
  'a stack that is an object': faulty((error) => Object.assign(error, { stack: { at: 1 } })),
  'a proxy that answers nothing': new Proxy(new Error('it failed'), { get: refuse, getPrototypeOf: refuse }),
  'a cause that is one of these': new Error('outer', { cause: faulty((error) => Object.assign(error, { stack: 5 })) }),
}

for (const [what, thrown] of Object.entries(faultyOnes)) {
  test(`${what} becomes an error that can be read`, () => {
    const error = presentable(thrown) as Error
    assert.ok(error instanceof Error)
    for (const text of [error.name, error.message, error.stack]) assert.equal(typeof text, 'string')
    assert.equal(error.cause, undefined)
  })
}

test('as much as can be read is kept', () => {
  assert.equal((presentable(faultyOnes['a stack that is an object']) as Error).message, 'it failed')
  const stack = 'Error: it failed\n    at poll (feed.ts:5:6)'
  const thrown = faulty((error) => Object.assign(error, { name: Symbol('name'), stack }))
  assert.equal((presentable(thrown) as Error).stack, stack)
})

test('everything else stays what it is', () => {
  const ring = new Error('ring')
  ring.cause = ring
  const others = [null, undefined, 'text', Symbol('s'), { a: 1 }, new Error('a', { cause: new TypeError('b') }), ring]
  for (const thrown of others) assert.equal(presentable(thrown), thrown)
})
