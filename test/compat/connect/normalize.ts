import type { Answer } from './replay.ts'

/** What differs between two workers for reasons that no client relies on. */
interface Place {
  readonly url: string
  readonly folder: string
}

/**
 * Makes an answer comparable: addresses, folders, versions, times, and those parts of messages that quote the inside of
 * a program (traces, positions in the parsed source, class names of its own).
 */
export function normalized(answer: Answer, place: Place): Answer {
  return {
    status: answer.status,
    headers: Object.fromEntries(
      Object.entries(answer.headers).map(([name, value]) => [
        name,
        text(value, place)
          .replace(/\s*;\s*/g, ';')
          .toLowerCase(),
      ]),
    ),
    body: part(answer.body, place),
  }
}

function part(value: unknown, place: Place): unknown {
  if (typeof value === 'string') return value.startsWith('<html>') ? '<html>' : text(value, place)
  if (Array.isArray(value)) return value.map((item) => part(item, place))
  if (typeof value !== 'object' || value === null) return value
  const isVersion = 'name' in value && typeof value.name === 'string' && value.name.endsWith('.plugin.version')
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      isVersion && (key === 'default_value' || key === 'value') && item !== null
        ? '<version>'
        : field(key, item, place),
    ]),
  )
}

function field(key: string, value: unknown, place: Place): unknown {
  switch (key) {
    case 'version':
    case 'commit':
    case 'kafka_cluster_id':
    case 'documentation':
      return value === null ? null : `<${key}>`
    case 'trace':
      return '<trace>'
    case 'last_modified':
      return value === null ? null : '<time>'
    case 'recommended_values':
      return Array.isArray(value) && value.length > 0 ? '<values>' : value
    case 'message':
      return typeof value === 'string' ? message(text(value, place)) : value
    default:
      return part(value, place)
  }
}

function text(value: string, { url, folder }: Place): string {
  return value
    .replaceAll(url, '<url>')
    .replaceAll(new URL(url).host, '<worker>')
    .replaceAll(folder, '<tmp>')
    .replace(/available versions: \[[^\]]*\]/g, 'available versions: <versions>')
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z/g, '<time>')
}

/** What clients match on in the messages of a JSON parser; the rest names types and positions of its own. */
const parserFragments = [
  'Cannot deserialize value',
  'Cannot construct instance',
  'Unrecognized field',
  'Cannot coerce empty String',
]

/** The JSON parsers name types, positions and candidates of their own: what clients match on comes before. */
function message(value: string): string {
  const fragment = parserFragments.find((start) => value.startsWith(start))
  if (fragment !== undefined) return fragment
  if (value.startsWith('Cannot invoke "')) return '<internal>'
  return value
    .replace(/\n at \[Source: [\s\S]*$/, '')
    .replace(/available connectors are: [\s\S]*$/, 'available connectors are: <list>')
}
