import assert from 'node:assert/strict'
import { test } from 'node:test'
import { converterPlugins } from '../../../src/converters/index.ts'
import { hasOwnConverters } from '../../../src/runtime/plugins/require-known-converters.ts'

test('a worker waits for plugins only when one of its converters is not bundled', () => {
  const converter = converterPlugins.find(({ kind }) => kind === 'converter')?.class ?? ''
  for (const { kind, class: name } of converterPlugins) {
    const config =
      kind === 'converter'
        ? { keyConverter: name, valueConverter: name, headerConverter: converter }
        : { keyConverter: converter, valueConverter: converter, headerConverter: name }
    assert.equal(hasOwnConverters(config), false, name)
  }
  const own = { keyConverter: converter, valueConverter: 'org.example.OwnConverter', headerConverter: converter }
  assert.equal(hasOwnConverters(own), true)
})
