import { cyclic, oneOf, times, type Avro } from './types.ts'

const givenNames = [
  'Ada',
  'Bao',
  'Chidi',
  'Dana',
  'Emre',
  'Farah',
  'Goran',
  'Hana',
  'Ivo',
  'Jun',
  'Kofi',
  'Lena',
  'Mira',
]
const familyNames = ['Abara', 'Berg', 'Costa', 'Duval', 'Ekdal', 'Fuchs', 'Gupta', 'Holm', 'Ito', 'Jansen', 'Kaya']

export const cities = ['Raleigh', 'Chicago', 'Oslo', 'Porto', 'Osaka', 'Accra', 'Lima']

/** The `i`th of 143 people. */
export function person(i: number): { readonly given: string; readonly family: string; readonly email: string } {
  const given = cyclic(givenNames, i)
  const family = cyclic(familyNames, i)
  return { given, family, email: `${given}.${family}${i}@example.com`.toLowerCase() }
}

export const givenName = (): Avro => oneOf('string', givenNames)
export const familyName = (): Avro => oneOf('string', familyNames)

/** Full names. */
export const fullName = (): Avro =>
  oneOf(
    'string',
    times(100, (i) => `${person(i).given} ${person(i).family}`),
  )

/** Addresses of the ranges that are set aside for documentation. */
export const addresses = times(100, (i) => `${cyclic(['192.0.2', '198.51.100', '203.0.113'], i)}.${i + 1}`)

export const address = (): Avro => oneOf('string', addresses)
