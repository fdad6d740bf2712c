/** One `${alias:[path:]key}`. */
export interface Reference {
  /** As it stands in the text. */
  readonly text: string
  readonly alias: string
  /** Empty when the reference has none. */
  readonly path: string
  readonly key: string
}

/** True when the value holds a `${provider:…}` reference. */
export function hasReference(value: string): boolean {
  return next(value, 0) !== null
}

export function referencesOf(text: string): Reference[] {
  const found: Reference[] = []
  for (let at = next(text, 0); at !== null; at = next(text, at.end)) found.push(at.reference)
  return found
}

/** Replaces every reference once; undefined leaves it as it is. What comes in its place is not looked at again. */
export function replaceReferences(text: string, valueOf: (found: Reference) => string | undefined): string {
  let replaced = ''
  let copied = 0
  for (let at = next(text, 0); at !== null; at = next(text, at.end)) {
    replaced += text.slice(copied, at.start) + (valueOf(at.reference) ?? at.reference.text)
    copied = at.end
  }
  return replaced + text.slice(copied)
}

interface Found {
  readonly start: number
  readonly end: number
  readonly reference: Reference
}

/**
 * The first reference from a place on: what stands between `${` and the next `}`, if there is a colon in it. Searched by hand,
 * since a regular expression takes forever for texts that are made for that.
 */
function next(text: string, from: number): Found | null {
  for (let start = text.indexOf('${', from); start !== -1; ) {
    const close = text.indexOf('}', start)
    if (close === -1) return null
    const body = text.slice(start + 2, close)
    const first = body.indexOf(':')
    if (first !== -1) {
      const second = body.indexOf(':', first + 1)
      const reference = {
        text: text.slice(start, close + 1),
        alias: body.slice(0, first),
        path: second === -1 ? '' : body.slice(first + 1, second),
        key: body.slice(Math.max(first, second) + 1),
      }
      return { start, end: close + 1, reference }
    }
    // Nothing before the brace can be one.
    start = text.indexOf('${', close)
  }
  return null
}
