import { silentLogger } from '../../base/logger.ts'
import { loadPlugins } from '../../runtime/plugins/load-plugins.ts'
import { brokerPage } from './broker-page.ts'
import { connectorPage } from './connector-page.ts'
import { page } from './markdown.ts'
import { metricsPage } from './metrics-page.ts'
import { pluginPages } from './plugin-pages.ts'
import { restPage } from './rest-page.ts'
import { workerPage } from './worker-page.ts'

/** All pages of docs/reference by file name, made from what the code declares. */
export async function referencePages(): Promise<Record<string, string>> {
  const registry = await loadPlugins({ pluginPath: [], logger: silentLogger })
  return {
    'README.md': indexPage(),
    'worker-properties.md': workerPage(),
    'connector-properties.md': connectorPage(),
    ...pluginPages(registry.descriptions()),
    'rest.md': restPage(),
    'metrics.md': metricsPage(),
    'broker-properties.md': brokerPage(),
  }
}

function indexPage(): string {
  const links = [
    ['worker-properties.md', 'every property of a worker'],
    ['connector-properties.md', 'what every connector configuration may have'],
    ['connectors.md', 'settings of the bundled connectors'],
    ['converters.md', 'converters and header converters'],
    ['transforms.md', 'transforms and predicates'],
    ['config-providers.md', 'configuration providers'],
    ['rest.md', 'every endpoint of the REST API'],
    ['metrics.md', 'every metric, and its names for Prometheus'],
    ['broker-properties.md', 'every property of the integrated broker and its topics'],
  ]
  return page('Reference', links.map(([file, what]) => `- [${file}](${file}): ${what}`).join('\n'))
}
