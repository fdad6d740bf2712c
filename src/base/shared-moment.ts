/** A wait may last longer by this share, so that many end together. */
const MOST_SLACK = 1 / 7

/**
 * The end of a wait of `ms` from `now` on, put off a little (by at most a seventh of it) to a moment that waits of about
 * the same length have in common: a thread with hundreds of idle tasks is then woken a few times a second and not
 * hundreds of times. Waits below 14 ms end in time.
 */
export function sharedMoment(now: number, ms: number): number {
  const grain = 2 ** Math.floor(Math.log2(ms * MOST_SLACK))
  return grain > 1 ? Math.ceil((now + ms) / grain) * grain : now + ms
}
