import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Sensor } from '../../src/base/sensor.ts'

const settings = { windowMs: 1000, samples: 2 }

test('a sensor without values has rate and share 0, and no average or extremes', () => {
  const sensor = new Sensor(settings)
  assert.equal(sensor.total, 0)
  assert.equal(sensor.last, 0)
  assert.equal(sensor.rate(5000), 0)
  assert.equal(sensor.share(1, 5000), 0)
  assert.equal(sensor.share(0, 5000), 0)
  assert.ok(Number.isNaN(sensor.avg(5000)))
  assert.ok(Number.isNaN(sensor.max(5000)))
  assert.ok(Number.isNaN(sensor.min(5000)))
})

test('a first burst is spread over the windows that have not been yet', () => {
  const sensor = new Sensor(settings)
  sensor.record(100, 10_000)
  // 1 window of 1 s is assumed to have passed before the first value, and none of the present one has.
  assert.equal(sensor.rate(10_000), 100)
  assert.equal(sensor.rate(10_500), 100 / 1.5)
  assert.equal(sensor.countRate(10_500), 1 / 1.5)
})

test('rates, averages and extremes forget what is older than all windows', () => {
  const sensor = new Sensor(settings)
  sensor.record(10, 0)
  sensor.record(2, 1000)
  sensor.record(4, 2500)
  // The sample of time 0 ended 2500 ms ago, which is more than two windows.
  assert.equal(sensor.max(2500), 4)
  assert.equal(sensor.min(2500), 2)
  assert.equal(sensor.avg(2500), 3)
  assert.equal(sensor.rate(2500), 6 / 1.5)
  assert.equal(sensor.total, 16)
  assert.equal(sensor.count, 3)
  assert.equal(sensor.last, 4)
  assert.ok(Number.isNaN(sensor.avg(60_000)))
  assert.equal(sensor.rate(60_000), 0)
  assert.equal(sensor.total, 16)
})

test('a steady flow gives its own rate, whenever one asks', () => {
  const sensor = new Sensor({ windowMs: 1000, samples: 3 })
  for (let at = 0; at < 20_000; at += 10) sensor.record(5, at)
  for (const at of [20_000, 20_003, 20_009]) {
    const rate = sensor.rate(at)
    assert.ok(Math.abs(rate - 500) < 5, `${rate} at ${at}`)
  }
})

test('shares of success and failure add up to one', () => {
  const sensor = new Sensor(settings)
  for (const value of [1, 1, 1, 0]) sensor.record(value, 100)
  assert.equal(sensor.share(1, 200), 0.75)
  assert.equal(sensor.share(0, 200), 0.25)
})
