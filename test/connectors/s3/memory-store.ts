import type { ObjectStore, ObjectUpload, UploadOutcome } from '../../../connectors/s3/store/object-store.ts'

/** A bucket in memory that can be told to fail. */
export class MemoryStore implements ObjectStore {
  readonly place = 'memory'
  readonly objects = new Map<string, Buffer>()
  /** How often each key was completed. */
  readonly writes: string[] = []
  readonly isConditional: boolean
  aborted = 0
  openUploads = 0
  /** Called before an upload's part or completion; throw to fail it. */
  fault: (step: 'part' | 'complete', key: string) => void | Promise<void> = () => undefined

  constructor(isConditional = true) {
    this.isConditional = isConditional
  }

  check(): Promise<void> {
    return Promise.resolve()
  }

  create(key: string): ObjectUpload {
    const parts: Uint8Array[] = []
    this.openUploads++
    return {
      writePart: async (bytes) => {
        parts.push(Buffer.from(bytes))
        await this.fault('part', key)
      },
      complete: async (rest): Promise<UploadOutcome> => {
        await this.fault('complete', key)
        this.openUploads--
        const content = Buffer.concat([...parts, rest])
        const found = this.objects.get(key)
        if (found !== undefined && this.isConditional) return found.equals(content) ? 'identical' : 'conflict'
        this.objects.set(key, content)
        this.writes.push(key)
        return 'created'
      },
      abort: () => {
        this.openUploads--
        this.aborted++
        return Promise.resolve()
      },
    }
  }

  exists(key: string): Promise<boolean> {
    return Promise.resolve(this.objects.has(key))
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  /** Keys with their lines, in order of the keys. */
  lines(): Record<string, string[]> {
    const entries = [...this.objects].sort(([a], [b]) => (a < b ? -1 : 1))
    return Object.fromEntries(entries.map(([key, content]) => [key, content.toString('utf8').split('\n').slice(0, -1)]))
  }
}
