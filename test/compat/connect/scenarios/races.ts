import type { Scenario } from '../scenario.ts'
import { fileSource, input, running } from './connectors.ts'

/** Calls that meet each other: whichever comes first, the answers together are the same. */
export const races: Scenario[] = [
  {
    name: 'one of many creations wins',
    connectors: ['race'],
    files: input,
    steps: [
      { call: 'POST /connectors', body: { name: 'race', config: fileSource('race') }, times: 8 },
      { until: '/connectors/race/status', is: running(1) },
      { call: 'PUT /connectors/race/stop', times: 5 },
      { until: '/connectors/race/status', is: { connector: { state: 'STOPPED' }, tasks: [] } },
      { call: 'PUT /connectors/race/resume', times: 5 },
      { until: '/connectors/race/status', is: running(1) },
      { call: 'DELETE /connectors/race', times: 5 },
      { until: '/connectors', is: [] },
    ],
  },
]
