import type { LogConfig } from './log-config.ts'
import type { Segment } from './segment.ts'

/** What is about to be appended. */
export interface Incoming {
  /** Bytes. */
  size: number
  lastOffset: number
  /** Largest timestamp (ms), −1 when there is none. */
  maxTimestamp: number
  nowMs: number
}

const MAX_RELATIVE_OFFSET = 2147483647

/** Whether what comes has to go into a new segment. An empty segment takes everything. */
export function mustRoll(active: Segment, config: LogConfig, incoming: Incoming): boolean {
  if (active.size === 0) return false
  return (
    active.size + incoming.size > config.segmentBytes ||
    active.isIndexFull(config.segmentIndexBytes) ||
    incoming.lastOffset - active.baseOffset > MAX_RELATIVE_OFFSET ||
    isOld(active, config, incoming.maxTimestamp, incoming.nowMs)
  )
}

/**
 * Whether the segment's time is over: `segment.ms`, for a compacted topic `max.compaction.lag.ms` as well, less the segment's
 * share of `segment.jitter.ms`. Measured by the records' timestamps, by the clock when either side has none.
 */
export function isOld(active: Segment, config: LogConfig, maxTimestamp: number, nowMs: number): boolean {
  const { compact, maxCompactionLagMs, segmentMs, segmentJitterMs } = config
  const limit = compact ? Math.min(maxCompactionLagMs, segmentMs) : segmentMs
  const jitter = Math.floor(active.jitter * Math.min(segmentJitterMs, limit))
  const hasTimes = active.firstTimestamp >= 0 && maxTimestamp >= 0
  return (hasTimes ? maxTimestamp - active.firstTimestamp : nowMs - active.createdMs) > limit - jitter
}
