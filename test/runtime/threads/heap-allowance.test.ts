import assert from 'node:assert/strict'
import { test } from 'node:test'
import { getHeapStatistics } from 'node:v8'
import { heapAllowance } from '../../../src/runtime/threads/heap-watch.ts'

const MIB = 2 ** 20
const halfMb = Math.floor(getHeapStatistics().heap_size_limit / 2 / MIB)

test('a thread may hold what is set, and V8 is told twice as much more, and at least what one native call may take', () => {
  const { bytes, text, resourceLimits } = heapAllowance(512)
  assert.equal(bytes, 512 * MIB)
  assert.match(text, /^task\.thread\.max\.heap\.mb is 512$/)
  assert.deepEqual(resourceLimits, { maxOldGenerationSizeMb: 1536 })
  assert.deepEqual(heapAllowance(16).resourceLimits, { maxOldGenerationSizeMb: 1040 })
})

test("without a setting a thread may hold half of Node.js' limit, which is left as it is", () => {
  const { bytes, resourceLimits } = heapAllowance(null)
  assert.equal(bytes, halfMb * MIB)
  assert.equal(resourceLimits, null)
})

test('what is set is no more than what --max-old-space-size leaves, since that holds for threads, too', (t) => {
  const before = process.env['NODE_OPTIONS']
  t.after(() => {
    if (before === undefined) delete process.env['NODE_OPTIONS']
    else process.env['NODE_OPTIONS'] = before
  })
  assert.equal(heapAllowance(4 * halfMb).bytes, 4 * halfMb * MIB)
  process.env['NODE_OPTIONS'] = '--max_old_space_size=4096'
  const { bytes, text } = heapAllowance(4 * halfMb)
  assert.equal(bytes, halfMb * MIB)
  assert.match(text, new RegExp(`is ${4 * halfMb}, but --max-old-space-size leaves ${halfMb}$`))
  assert.equal(heapAllowance(16).bytes, 16 * MIB)
})
