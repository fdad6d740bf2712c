const reference = /\$\{([^}]*?):(?:([^}]*?):)?([^}]*?)\}/g

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
  return value.search(reference) !== -1
}

export function referencesOf(text: string): Reference[] {
  return [...text.matchAll(reference)].map(([whole, alias = '', path = '', key = '']) => ({
    text: whole,
    alias,
    path,
    key,
  }))
}

/** Replaces every reference once; undefined leaves it as it is. What comes in its place is not looked at again. */
export function replaceReferences(text: string, valueOf: (found: Reference) => string | undefined): string {
  return text.replace(
    reference,
    (whole: string, alias: string, path: string | undefined, key: string) =>
      valueOf({ text: whole, alias, path: path ?? '', key }) ?? whole,
  )
}
