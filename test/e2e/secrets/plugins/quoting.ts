import {
  config,
  defineConfigProvider,
  defineConverter,
  defineHeaderConverter,
  definePredicate,
  defineSink,
  defineSource,
  defineTransform,
  password,
  primitive,
  Type,
} from 'millrace/connect'

// Plugins that quote their whole configuration in whatever they throw and log, as careless ones do. `where` says when.

const secretKeys = {
  'db.password': password({ default: '' }),
  pin: password({ default: '' }),
  plain: Type.String({ default: '' }),
  where: Type.String({ default: '' }),
}

class QuotingError extends Error {
  /** Loggers print what errors carry. */
  readonly config: unknown

  constructor(hook: string, settings: object) {
    super(`${hook}: ${JSON.stringify(settings)} ${JSON.stringify({ nested: JSON.stringify(settings) })}`)
    this.config = settings
  }
}

function quoteAt(hook: string, settings: Readonly<Record<string, unknown>>): void {
  if (settings['where'] === hook) throw new QuotingError(hook, settings)
}

interface Log {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

function say(logger: Log, settings: Readonly<Record<string, unknown>>): void {
  const text = JSON.stringify(settings)
  for (const level of ['debug', 'info', 'warn', 'error'] as const) {
    logger[level]({ settings, err: new QuotingError('logged', settings) }, `logged with ${text}`)
  }
  console.log(`printed with ${text}`)
  console.error('printed with', settings)
  process.emitWarning(`warned with ${text}`)
}

const text = primitive('STRING')

const source = defineSource({
  class: 'test.QuotingSource',
  version: '1.0.0',
  summary: 'Quotes.',
  config: config(secretKeys),
  validate(props) {
    quoteAt('validate', props)
    return props.where === 'faulty' ? { plain: [`${props.plain} with ${props['db.password']} is faulty`] } : undefined
  },
  startConnector(props, context) {
    quoteAt('startConnector', props)
    return {
      taskConfigs() {
        quoteAt('taskConfigs', props)
        const { config: raw } = context
        const url = `jdbc:x://u:${raw['db.password']}@h/${raw['plain']}?also=${raw['vault']}`
        return [props.where === 'derive' ? { where: 'derive', 'derived.url': url } : raw]
      },
      stop: () => quoteAt('stopConnector', props),
    }
  },
  alterOffsets(props) {
    quoteAt('alterOffsets', props)
    return true
  },
  startTask(props, context) {
    quoteAt('startTask', props)
    if (props.where === 'log') say(context.logger, context.config)
    let given = 0
    const { config: settings } = context
    return {
      poll() {
        quoteAt('poll', settings)
        if (given++ > 0) return context.idle(50)
        const offset = { sourcePartition: { settings: JSON.stringify(settings) }, sourceOffset: { n: given } }
        const part = { sourcePartition: { of: context.connector }, sourceOffset: { n: given } }
        const record = { topic: `from-${context.connector}`, keySchema: text, key: 'k', valueSchema: text, value: 'v' }
        return [{ ...record, headers: [], ...(props.where === 'letter' ? offset : part) }]
      },
      commit: () => quoteAt('commit', settings),
      commitRecord: () => quoteAt('commitRecord', settings),
      stop: () => quoteAt('stop', settings),
    }
  },
})

const sink = defineSink({
  class: 'test.QuotingSink',
  version: '1.0.0',
  summary: 'Quotes.',
  config: config(secretKeys),
  startTask(props, context) {
    const { config: settings } = context
    return {
      open: () => quoteAt('open', settings),
      put(records) {
        if (records.length === 0) return
        quoteAt('put', settings)
        if (props.where !== 'report') return
        for (const record of records) {
          const reported = context.errantRecordReporter?.report(record, new QuotingError('reported', settings))
          void reported?.catch(() => {})
        }
      },
      preCommit(offsets) {
        quoteAt('preCommit', settings)
        return offsets
      },
    }
  },
})

const stageKeys = { salt: password({ default: '' }), where: Type.String({ default: '' }) }

const transform = defineTransform({
  class: 'test.QuotingTransform',
  version: '1.0.0',
  summary: 'Quotes.',
  config: config(stageKeys),
  create(props) {
    quoteAt('create', props)
    return {
      apply(record) {
        quoteAt('apply', props)
        return record
      },
    }
  },
})

const predicate = definePredicate({
  class: 'test.QuotingPredicate',
  version: '1.0.0',
  summary: 'Quotes.',
  config: config(stageKeys),
  create: (props) => ({
    test() {
      quoteAt('test', props)
      return true
    },
  }),
})

const bytesOf = (value: unknown): Uint8Array => new TextEncoder().encode(String(value))

const converter = defineConverter({
  class: 'test.QuotingConverter',
  version: '1.0.0',
  summary: 'Quotes.',
  config: config(stageKeys),
  create: (props) => ({
    fromConnectData(_topic, _schema, value) {
      quoteAt('fromConnectData', props)
      return bytesOf(value)
    },
    toConnectData(_topic, bytes) {
      quoteAt('toConnectData', props)
      return { schema: text, value: new TextDecoder().decode(bytes ?? undefined) }
    },
  }),
})

const headerConverter = defineHeaderConverter({
  class: 'test.QuotingHeaderConverter',
  version: '1.0.0',
  summary: 'Quotes.',
  config: config(stageKeys),
  create(props) {
    quoteAt('create', props)
    return {
      fromConnectHeader: (_topic, _key, _schema, value) => bytesOf(value),
      toConnectHeader: (_topic, _key, bytes) => ({ schema: text, value: new TextDecoder().decode(bytes ?? undefined) }),
    }
  },
})

/** Gives `rotated-value-1`, `rotated-value-2`, … for a short while each. */
const vault = defineConfigProvider({
  class: 'test.RotatingVault',
  version: '1.0.0',
  summary: 'Rotates.',
  config: config({ 'ttl.ms': Type.Integer({ default: 400 }) }),
  create(props) {
    let reading = 0
    return {
      get(_path, keys) {
        reading++
        return {
          values: Object.fromEntries(keys.map((key) => [key, `rotated-value-${reading}`])),
          ttlMs: props['ttl.ms'],
        }
      },
    }
  },
})

export const plugins = [source, sink, transform, predicate, converter, headerConverter, vault]
