import { config, defineSource, type SourceTask, Type } from 'millrace/connect'

/** A source with as many tasks as are allowed, none of which ever has anything; each looks once in `idle.ms`. */
export default defineSource({
  class: 'bench.IdleSource',
  version: '1.0.0',
  summary: 'Has nothing.',
  config: config({ 'idle.ms': Type.Integer({ default: 1000 }) }),
  taskConfigs: (_props, maxTasks, raw) =>
    Array.from({ length: maxTasks }, (_, part) => ({ ...raw, part: String(part) })),
  async startTask(props, context): Promise<SourceTask> {
    // As every real source does first.
    await context.offset({ part: context.config['part'] ?? '0' })
    return { poll: () => context.idle(props['idle.ms']) }
  },
})
