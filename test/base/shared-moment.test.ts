import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sharedMoment } from '../../src/base/shared-moment.ts'

test('waits of about one length end at the same few moments, none too early and none a seventh of it late', () => {
  for (const ms of [20, 100, 1000, 5000, 60_000]) {
    const moments = new Set<number>()
    for (let now = 12_345.6; now < 12_345.6 + ms; now += ms / 200) {
      const moment = sharedMoment(now, ms)
      assert.ok(moment >= now + ms, `${ms} ms are not cut short`)
      assert.ok(moment <= now + ms * (1 + 1 / 7), `${ms} ms are not put off for longer`)
      moments.add(moment)
    }
    assert.ok(moments.size <= 16, `${ms} ms: ${moments.size} moments`)
  }
})

test('short waits and none at all end in time', () => {
  assert.equal(sharedMoment(100.5, 0), 100.5)
  assert.equal(sharedMoment(100.5, 13), 113.5)
})
