import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseAddress } from '../../../connectors/postgres/connection.ts'

const parse = (url: string) => parseAddress({ url, user: null, password: null })

test('user, password and database in the address may be escaped', () => {
  const { user, password, database } = parse('jdbc:postgresql://a%40b:p%25w@host/my%20db')
  assert.deepEqual([user, password, database], ['a@b', 'p%w', 'my db'])
})

test('an address that cannot be read names the setting and never shows the password', () => {
  for (const url of ['jdbc:postgresql://u:s3cr%zzet@host/db', 'jdbc:postgresql://u:s3cret@[host/db']) {
    assert.throws(
      () => parse(url),
      (error: Error) => error.message.includes('connection.url') && !error.message.includes('s3cr'),
    )
  }
})
