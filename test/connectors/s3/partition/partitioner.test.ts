import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SinkRecord } from 'millrace/connect'
import { compilePathFormat } from '../../../../connectors/s3/partition/joda-format.ts'
import { encodeFields, TimePartitions } from '../../../../connectors/s3/partition/partitioner.ts'
import { TimeZone } from '../../../../connectors/s3/partition/time-zone.ts'
import { recordTime } from '../../../../connectors/s3/partition/timestamps.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

function times(zone: string, durationMs: number, pattern: string): TimePartitions {
  return new TimePartitions(new TimeZone(zone), durationMs, compilePathFormat(pattern, 'en'))
}

function record(value: unknown, timestamp: number | null = 5): SinkRecord {
  return {
    topic: 't',
    kafkaPartition: 0,
    kafkaOffset: 7,
    timestampType: 'CreateTime',
    originalTopic: 't',
    originalKafkaPartition: 0,
    originalKafkaOffset: 7,
    value,
    timestamp,
  }
}

test('times are floored on the clock of the zone', () => {
  const kolkata = times('Asia/Kolkata', HOUR, 'dd HH:mm')
  assert.equal(kolkata.encode(Date.UTC(2026, 0, 1, 18, 29)), '01 23:00')
  assert.equal(kolkata.encode(Date.UTC(2026, 0, 1, 18, 30)), '02 00:00')
  assert.equal(times('UTC', 10 * 60_000, 'HH:mm').encode(Date.UTC(2026, 0, 1, 18, 29)), '18:20')
})

test('days with a change of the clocks have the hours that they have', () => {
  const berlin = times('Europe/Berlin', HOUR, 'dd HH ZZ')
  // 02:00 to 03:00 does not exist on 2026-03-29, and comes twice on 2026-10-25.
  assert.equal(berlin.encode(Date.UTC(2026, 2, 29, 0, 59)), '29 01 +01:00')
  assert.equal(berlin.encode(Date.UTC(2026, 2, 29, 1, 0)), '29 03 +02:00')
  assert.equal(berlin.encode(Date.UTC(2026, 9, 25, 0, 30)), '25 02 +02:00')
  assert.equal(berlin.encode(Date.UTC(2026, 9, 25, 1, 30)), '25 02 +01:00')
})

test('a day whose midnight does not exist begins when it begins', () => {
  // On 2018-11-04 the clocks of São Paulo went from 00:00 to 01:00.
  assert.equal(times('America/Sao_Paulo', DAY, 'dd HH').encode(Date.UTC(2018, 10, 4, 5)), '04 01')
})

test('remembering the last answer changes none', () => {
  const random = (n: number): number => (n * 2_654_435_761) % 4_294_967_296
  for (const zone of ['UTC', 'Europe/Berlin', 'Australia/Lord_Howe', 'America/St_Johns']) {
    for (const duration of [60_000, 7 * 60_000, HOUR, DAY, 3 * DAY]) {
      const kept = times(zone, duration, "yyyy-MM-dd HH:mm'Z'ZZ")
      for (let i = 0; i < 60; i++) {
        const time = Date.UTC(2026, i % 12, 28) + (random(i) % (2 * DAY))
        const fresh = times(zone, duration, "yyyy-MM-dd HH:mm'Z'ZZ").encode(time)
        assert.equal(kept.encode(time), fresh)
        assert.equal(kept.encode(kept.validFrom), fresh, `${zone} ${duration} ${time}`)
        assert.equal(kept.encode(kept.validUntil - 1), fresh, `${zone} ${duration} ${time}`)
      }
    }
  }
})

test('schedules are aligned to midnight of the zone and start anew at the next one', () => {
  const berlin = new TimeZone('Europe/Berlin')
  const at = (hour: number, minute = 0): number => Date.UTC(2026, 5, 1, hour - 2, minute)
  assert.equal(berlin.nextAligned(at(9, 59), HOUR), at(10))
  assert.equal(berlin.nextAligned(at(10), HOUR), at(11))
  assert.equal(berlin.nextAligned(at(15), 7 * HOUR), at(21))
  assert.equal(berlin.nextAligned(at(22), 7 * HOUR), at(24))
  assert.equal(berlin.nextAligned(at(1), 100 * HOUR), at(24))
  const springDay = Date.UTC(2026, 2, 28, 23)
  assert.equal(berlin.nextAligned(springDay + 22 * HOUR, 5 * HOUR), springDay + 23 * HOUR, 'this day has 23 hours')
})

test('the field partitioner takes integers, booleans, strings and null, and refuses the rest by name', () => {
  const value = { i: 5, big: 9007199254740993n, b: true, s: 'x/y', n: null, d: 1.5, o: { deep: 'z' } }
  const fields = ['i', 'big', 'b', 's', 'n', 'o.deep']
  assert.equal(encodeFields(record(value), fields, '/'), 'i=5/big=9007199254740993/b=true/s=x/y/n=null/o.deep=z')
  assert.throws(() => encodeFields(record(value), ['d'], '/'), /Field "d" of t-0 at offset 7 cannot be partitioned by/)
  assert.throws(() => encodeFields(record(value), ['o.no'], '/'), /t-0 at offset 7 has no field "o\.no"/)
  assert.throws(() => encodeFields(record('text'), ['i'], '/'), /has no field "i"/)
})

test('timestamps come from the clock, the record, or a field as milliseconds or ISO 8601', () => {
  assert.equal(recordTime(record({}), 'Wallclock', '', 99), 99)
  assert.equal(recordTime(record({}), 'Record', '', 99), 5)
  assert.throws(() => recordTime(record({}, null), 'Record', '', 99), /t-0 at offset 7 has no timestamp/)
  const field = (value: unknown): number => recordTime(record({ at: { ts: value } }), 'RecordField', 'at.ts', 99)
  assert.equal(field(1234), 1234)
  assert.equal(field(1234n), 1234)
  const noon = Date.UTC(2026, 2, 9, 12)
  for (const text of [
    '2026-03-09T12:00:00Z',
    '2026-03-09T12:00',
    '2026-03-09T13:00:00.000+01:00',
    '2026-03-09T13:00:00,0+0100',
  ])
    assert.equal(field(text), noon, text)
  assert.equal(field('2026-03-09'), noon - 12 * HOUR)
  for (const bad of ['soon', null, true, '09.03.2026'])
    assert.throws(() => field(bad), /Field "at\.ts" of t-0 at offset 7 is no time/)
})
