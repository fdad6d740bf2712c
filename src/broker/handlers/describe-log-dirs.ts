import { statfs } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { ErrorCode } from '../../protocol/errors.ts'
import { DescribeLogDirs, type RequestOf } from '../../protocol/messages/index.ts'
import { defineHandler, type RequestContext } from './handler.ts'

interface SizedPartition {
  readonly partitionIndex: number
  readonly partitionSize: number
  readonly offsetLag: number
  readonly isFutureKey: boolean
}

/** The data folders, with the partitions in each and their sizes. */
export const describeLogDirs = defineHandler(DescribeLogDirs, [1, 4], {
  async handle(request, context) {
    const byFolder = partitionsByFolder(request, context)
    const results = context.broker.config.logDirs.map(async (logDir) => {
      const { totalBytes, usableBytes } = await spaceOf(logDir)
      const topics = [...(byFolder.get(resolve(logDir)) ?? [])].map(([name, partitions]) => ({ name, partitions }))
      return { errorCode: ErrorCode.NONE, logDir: resolve(logDir), topics, totalBytes, usableBytes }
    })
    return { errorCode: ErrorCode.NONE, results: await Promise.all(results) }
  },
  refuse: (_request, { code }) => ({ errorCode: code, results: [] }),
})

function partitionsByFolder(
  request: RequestOf<typeof DescribeLogDirs>,
  { broker }: RequestContext,
): Map<string, Map<string, SizedPartition[]>> {
  const wanted =
    request.topics === null
      ? null
      : new Map(request.topics.map(({ topic, partitions }) => [topic, new Set(partitions)]))
  const folders = new Map<string, Map<string, SizedPartition[]>>()
  for (const { name, partitions } of broker.topics.all()) {
    const asked = wanted?.get(name)
    if (wanted !== null && asked === undefined) continue
    for (let partitionIndex = 0; partitionIndex < partitions; partitionIndex++) {
      if (asked !== undefined && !asked.has(partitionIndex)) continue
      const log = broker.topics.log(name, partitionIndex)
      if (log === undefined) continue
      const folder = resolve(dirname(log.folder))
      const topics = folders.get(folder) ?? new Map<string, SizedPartition[]>()
      folders.set(folder, topics)
      const sized = topics.get(name) ?? []
      topics.set(name, sized)
      sized.push({ partitionIndex, partitionSize: log.sizeInBytes, offsetLag: 0, isFutureKey: false })
    }
  }
  return folders
}

async function spaceOf(folder: string): Promise<{ totalBytes: number; usableBytes: number }> {
  try {
    const { bsize, blocks, bavail } = await statfs(folder)
    return { totalBytes: bsize * blocks, usableBytes: bsize * bavail }
  } catch {
    return { totalBytes: -1, usableBytes: -1 }
  }
}
