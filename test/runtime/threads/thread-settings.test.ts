import assert from 'node:assert/strict'
import { availableParallelism } from 'node:os'
import { test } from 'node:test'
import { threadSettings } from '../../../src/runtime/threads/thread-settings.ts'

test('without settings there is a thread for each core', () => {
  assert.deepEqual(threadSettings({ properties: {} }), {
    threads: availableParallelism(),
    unresponsiveMs: 10_000,
    maxHeapMb: null,
    pluginCallTimeoutMs: 60_000,
    progressTimeoutMs: 300_000,
  })
})

test('wrong values are named, all of them', () => {
  const properties = { 'task.threads': '0', 'plugin.call.timeout.ms': 'soon', 'task.thread.max.heap.mb': '512' }
  assert.throws(
    () => threadSettings({ properties }),
    /Invalid value 0 for configuration task\.threads[\s\S]*Invalid value soon for configuration plugin\.call\.timeout\.ms/,
  )
})
