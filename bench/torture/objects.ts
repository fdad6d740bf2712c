import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** An object of the sink: JSON lines of consecutive offsets. */
export interface StoredObject {
  readonly name: string
  readonly startOffset: number
  readonly lines: readonly string[]
}

/** All objects of a topic with one partition, by their start offsets. Throws for a name that the sink does not give. */
export async function readObjects(bucket: string, topic: string): Promise<StoredObject[]> {
  const names = await objectNames(bucket, topic)
  return Promise.all(
    names.map(async ({ name, startOffset }) => {
      const text = await readFile(join(folderOf(bucket, topic), name), 'utf8')
      if (text !== '' && !text.endsWith('\n')) throw new Error(`The object ${name} ends in the middle of a line`)
      return { name, startOffset, lines: text.split('\n').slice(0, -1) }
    }),
  )
}

/** The first offset after those in objects, counted from the last object; 0 when there is none. */
export async function storedUpTo(bucket: string, topic: string): Promise<number> {
  const last = (await objectNames(bucket, topic)).at(-1)
  if (last === undefined) return 0
  const text = await readFile(join(folderOf(bucket, topic), last.name), 'utf8')
  return last.startOffset + text.split('\n').length - 1
}

function folderOf(bucket: string, topic: string): string {
  return join(bucket, 'topics', topic, 'partition=0')
}

async function objectNames(bucket: string, topic: string): Promise<{ name: string; startOffset: number }[]> {
  const names = await readdir(folderOf(bucket, topic)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  return names
    .map((name) => {
      const prefix = `${topic}+0+`
      const digits = name.slice(prefix.length, -'.json'.length)
      if (!name.startsWith(prefix) || !name.endsWith('.json') || !/^\d{10}$/.test(digits))
        throw new Error(`There is a file ${name} among the objects of ${topic}`)
      return { name, startOffset: Number(digits) }
    })
    .toSorted((a, b) => a.startOffset - b.startOffset)
}
