import type { LogConfig } from './log-config.ts'
import type { Segment } from './segment.ts'

export interface RetentionState {
  nowMs: number
  logStartOffset: number
  highWatermark: number
  logEndOffset: number
}

/**
 * The oldest segments that the topic's retention no longer keeps. Only whole segments, only below the high watermark, and always
 * a run from the begin of the log. The active segment is among them only if it holds records; it has to be rolled first.
 */
export function expiredSegments(
  segments: readonly Segment[],
  config: LogConfig,
  state: RetentionState,
): { removable: Segment[]; includesActive: boolean } {
  let excess =
    config.retentionBytes < 0 ? -1 : segments.reduce((sum, { size }) => sum + size, 0) - config.retentionBytes
  const removable: Segment[] = []
  for (let i = 0; i < segments.length; i++) {
    const segment = segments[i] as Segment
    const endOffset = segments[i + 1]?.baseOffset ?? state.logEndOffset
    const isEmptyActive = i === segments.length - 1 && segment.size === 0
    if (isEmptyActive || endOffset > state.highWatermark) break
    const isBelowStart = endOffset <= state.logStartOffset && i < segments.length - 1
    const isTooOld = config.delete && config.retentionMs >= 0 && state.nowMs - ageFrom(segment) > config.retentionMs
    const isTooMuch = config.delete && excess >= segment.size
    if (!isBelowStart && !isTooOld && !isTooMuch) break
    excess -= segment.size
    removable.push(segment)
  }
  return { removable, includesActive: removable.length === segments.length }
}

/** The largest timestamp; for a segment without timestamps the time when its file was last written. */
function ageFrom(segment: Segment): number {
  return segment.maxTimestamp >= 0 ? segment.maxTimestamp : segment.createdMs
}
