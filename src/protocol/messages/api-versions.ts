import { array, boolean, int16, int32, int64, string } from '../schema/field.ts'
import { defineApi } from '../schema/message.ts'

/** The APIs, versions and features of a broker. The response header is always of version 0. */
export const ApiVersions = defineApi({
  key: 18,
  name: 'ApiVersions',
  versions: [0, 4],
  flexible: 3,
  request: { clientSoftwareName: string('3+'), clientSoftwareVersion: string('3+') },
  response: {
    errorCode: int16(),
    apiKeys: array({ apiKey: int16(), minVersion: int16(), maxVersion: int16() }),
    throttleTimeMs: int32('1+'),
    supportedFeatures: array({ name: string(), minVersion: int16(), maxVersion: int16() }, '3+').tag(0),
    finalizedFeaturesEpoch: int64('3+').default(-1).tag(1),
    finalizedFeatures: array({ name: string(), maxVersionLevel: int16(), minVersionLevel: int16() }, '3+').tag(2),
    zkMigrationReady: boolean('3+').tag(3),
  },
})
