import { inflateRawSync } from 'node:zlib'

const END_OF_DIRECTORY = 0x06054b50
const DIRECTORY_ENTRY = 0x02014b50
const DEFLATED = 8

/** Reads the entries of a zip archive (a jar) whose names pass `wanted`: name to content. Small archives only, no zip64. */
export function zipEntries(archive: Buffer, wanted: (name: string) => boolean): Map<string, Buffer> {
  let end = archive.length - 22
  while (end >= 0 && archive.readUInt32LE(end) !== END_OF_DIRECTORY) end--
  if (end < 0) throw new Error('not a zip archive')
  const entries = new Map<string, Buffer>()
  let position = archive.readUInt32LE(end + 16)
  for (let count = archive.readUInt16LE(end + 10); count > 0; count--) {
    if (archive.readUInt32LE(position) !== DIRECTORY_ENTRY) throw new Error(`no directory entry at byte ${position}`)
    const method = archive.readUInt16LE(position + 10)
    const packedSize = archive.readUInt32LE(position + 20)
    const nameSize = archive.readUInt16LE(position + 28)
    const header = archive.readUInt32LE(position + 42)
    const name = archive.toString('utf8', position + 46, position + 46 + nameSize)
    if (wanted(name)) {
      const start = header + 30 + archive.readUInt16LE(header + 26) + archive.readUInt16LE(header + 28)
      const packed = archive.subarray(start, start + packedSize)
      entries.set(name, method === DEFLATED ? inflateRawSync(packed) : packed)
    }
    position += 46 + nameSize + archive.readUInt16LE(position + 30) + archive.readUInt16LE(position + 32)
  }
  return entries
}
