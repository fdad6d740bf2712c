import { pathToFileURL } from 'node:url'
import { JSON_FORMAT, s3SinkConfig } from '../../../connectors/s3/config.ts'
import { settingsOf } from '../../../connectors/s3/settings.ts'
import { S3SinkTask } from '../../../connectors/s3/sink-task.ts'
import { SinkDriver } from './driver.ts'

// The process that the crash test kills: writes the records 0, 1, 2 … from the beginning until it dies, or up to a count.

const [folder = '', count = 'Infinity'] = process.argv.slice(2)
const raw = {
  's3.bucket.name': 'bucket',
  'store.url': pathToFileURL(folder).href,
  'format.class': JSON_FORMAT,
  'flush.size': '1000',
}
const driver = new SinkDriver()
const task = await S3SinkTask.start(settingsOf(s3SinkConfig.parse(raw), raw), driver.context(raw))
await driver.assign(task)
console.log('started')
const text = 'x'.repeat(200)
while (driver.log.length < Number(count)) {
  for (let i = 0; i < 500; i++) driver.log.push({ value: { n: driver.log.length, text } })
  await driver.deliver('bytes', 500)
}
await driver.commit()
await task.stop?.()
