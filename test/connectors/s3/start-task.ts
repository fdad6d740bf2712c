import type { SinkTask } from 'millrace/connect'
import { JSON_FORMAT, s3SinkConfig } from '../../../connectors/s3/config.ts'
import { settingsOf } from '../../../connectors/s3/settings.ts'
import { S3SinkTask } from '../../../connectors/s3/sink-task.ts'
import type { ObjectStore } from '../../../connectors/s3/store/object-store.ts'
import type { SinkDriver } from './driver.ts'

/** Starts a task of the driver's partition on a store; JSON lines and no pauses unless `config` says otherwise. */
export async function startTask(
  driver: SinkDriver,
  store: ObjectStore,
  config: Readonly<Record<string, string>> = {},
): Promise<SinkTask> {
  const raw = { 's3.bucket.name': 'bucket', 'format.class': JSON_FORMAT, 'retry.backoff.ms': '1', ...config }
  const task = await S3SinkTask.start(settingsOf(s3SinkConfig.parse(raw), raw), driver.context(raw), store)
  await driver.assign(task)
  return task
}
