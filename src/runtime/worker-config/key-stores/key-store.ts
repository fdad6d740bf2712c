/** A private key with its certificates, as PEM. */
export interface KeyEntry {
  readonly alias: string
  readonly key: string
  /** The key's own certificate first. */
  readonly chain: readonly string[]
}

/** What a store of Java's holds. */
export interface KeyStore {
  readonly keys: readonly KeyEntry[]
  /** Certificates that are trusted by themselves, as PEM. */
  readonly trusted: readonly string[]
}

export interface KeyStorePasswords {
  /** Null: none was set; then nothing tells whether the store was changed. */
  readonly store: string | null
  /** Of private keys; null: that of the store. */
  readonly key: string | null
}

/** Why a store cannot be read; the end of a sentence that begins with its name. */
export class KeyStoreError extends Error {
  override readonly name = 'KeyStoreError'
  /** A wrong password would explain it. */
  readonly isPassword: boolean

  constructor(message: string, isPassword = false, options?: ErrorOptions) {
    super(message, options)
    this.isPassword = isPassword
  }
}
