import { defaultSensorSettings, type SensorSettings } from '../../base/sensor.ts'

/** Reads `metrics.sample.window.ms` and `metrics.num.samples` of a worker or a client. What is no sensible number counts as not set. */
export function sensorSettings(props: Readonly<Record<string, string | undefined>>): SensorSettings {
  return {
    windowMs: whole(props['metrics.sample.window.ms'], defaultSensorSettings.windowMs),
    samples: whole(props['metrics.num.samples'], defaultSensorSettings.samples),
  }
}

function whole(text: string | undefined, byDefault: number): number {
  const value = Number(text?.trim() || Number.NaN)
  return Number.isInteger(value) && value >= 1 ? value : byDefault
}
