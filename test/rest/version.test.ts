import assert from 'node:assert/strict'
import { test } from 'node:test'
import { kafkaVersion } from '../../src/rest/version.ts'
import { KAFKA_VERSION } from '../support/kafka-libs.ts'

test('GET / names the release of Kafka Connect that this project is held against', () => {
  assert.equal(kafkaVersion, KAFKA_VERSION)
})
