export const months = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
] as const

/** From Sunday on. */
export const weekdays = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const

export const eras = ['BC', 'AD'] as const
export const halves = ['AM', 'PM'] as const

export const short = (name: string): string => name.slice(0, 3)

/** Names of time zones that can be read, with their minutes east of Greenwich. */
export const zones: readonly (readonly [name: string, minutes: number])[] = [
  ['Coordinated Universal Time', 0],
  ['Greenwich Mean Time', 0],
  ['UTC', 0],
  ['CET', 60],
  ['CEST', 120],
  ['EET', 120],
  ['EEST', 180],
  ['MSK', 180],
  ['JST', 540],
  ['EST', -300],
  ['EDT', -240],
  ['CST', -360],
  ['CDT', -300],
  ['MST', -420],
  ['MDT', -360],
  ['PST', -480],
  ['PDT', -420],
]
