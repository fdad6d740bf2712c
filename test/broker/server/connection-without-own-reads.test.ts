import { neverOwnReads } from '../../support/own-reads.ts'

// The tests of connections once more, where Node has no way to read into the broker's memory.
await neverOwnReads()
await import('./connection.test.ts')
