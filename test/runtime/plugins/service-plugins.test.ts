import assert from 'node:assert/strict'
import { test } from 'node:test'
import { config, defineConfigProvider, Type } from '../../../src/connect/index.ts'
import { CallMarker } from '../../../src/runtime/plugins/call-marker.ts'
import type { Plugin } from '../../../src/runtime/plugins/plugin.ts'
import { PluginRegistry } from '../../../src/runtime/plugins/plugin-registry.ts'
import { PluginScope } from '../../../src/runtime/plugins/plugin-scope.ts'
import { ServicePlugins } from '../../../src/runtime/plugins/service-plugins.ts'

test('all providers are closed, each within the time for a call, whatever one of them does', async () => {
  const closed: string[] = []
  const provider = defineConfigProvider({
    class: 'test.ClosingConfigProvider',
    version: '1',
    summary: '',
    config: config({ close: Type.String() }),
    create: (props) => ({
      get: () => ({ values: {} }),
      close() {
        closed.push(props.close)
        if (props.close === 'throws') throw new Error('it sticks')
        return props.close === 'never ends' ? new Promise<void>(() => {}) : undefined
      },
    }),
  })
  const registry = new PluginRegistry()
  registry.add(provider as Plugin)
  const services = new ServicePlugins({
    registry: () => Promise.resolve(registry),
    withScope: (plugin, work) => {
      const owner = { kind: 'plugin', name: plugin.class, task: null, pluginClass: plugin.class } as const
      return work(new PluginScope(owner, CallMarker.unobserved(), () => undefined))
    },
    callTimeoutMs: 50,
  })
  const ways = ['throws', 'never ends', 'ends']
  for (const close of ways) await services.readProvider('test.ClosingConfigProvider', { close }, 'p', [])
  await services.close()
  assert.deepEqual(closed, ways)
})
