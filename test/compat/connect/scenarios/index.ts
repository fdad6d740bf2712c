import type { Scenario } from '../scenario.ts'
import { admin } from './admin.ts'
import { bodies } from './bodies.ts'
import { lifecycle } from './lifecycle.ts'
import { races } from './races.ts'
import { server } from './server.ts'
import { standalone } from './standalone.ts'
import { validation } from './validation.ts'

export const scenarios: readonly Scenario[] = [
  ...server,
  ...bodies,
  ...validation,
  ...lifecycle,
  ...races,
  ...admin,
  ...standalone,
]
