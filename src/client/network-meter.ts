import { Sensor, type SensorSettings } from '../base/sensor.ts'
import { now } from './waits.ts'

/** What a client's connections did, for metrics: all those of one client, and its requests on connections that clients share. */
export class NetworkMeter {
  readonly #created: Sensor
  readonly #closed: Sensor
  readonly #ready: Sensor
  readonly #refused: Sensor
  /** Bytes of each. */
  readonly #requests: Sensor
  readonly #responses: Sensor

  constructor(settings: SensorSettings) {
    const sensor = (): Sensor => new Sensor(settings)
    this.#created = sensor()
    this.#closed = sensor()
    this.#ready = sensor()
    this.#refused = sensor()
    this.#requests = sensor()
    this.#responses = sensor()
  }

  opened(): void {
    this.#created.record(1, now())
  }

  /** The connection can be used: the version handshake and authentication, where there is one, are over. */
  ready(): void {
    this.#ready.record(1, now())
  }

  authenticationFailed(): void {
    this.#refused.record(1, now())
  }

  closed(): void {
    this.#closed.record(1, now())
  }

  sent(bytes: number): void {
    this.#requests.record(bytes, now())
  }

  /** A response of so many bytes came. */
  answered(bytes: number): void {
    this.#responses.record(bytes, now())
  }

  /** By Kafka's attribute names. */
  values(): Record<string, number> {
    const at = now()
    return {
      'connection-count': this.#created.count - this.#closed.count,
      ...meter('connection-creation', this.#created, at),
      ...meter('connection-close', this.#closed, at),
      ...meter('successful-authentication', this.#ready, at),
      ...meter('failed-authentication', this.#refused, at),
      'network-io-rate': this.#requests.countRate(at) + this.#responses.countRate(at),
      'network-io-total': this.#requests.count + this.#responses.count,
      'request-rate': this.#requests.countRate(at),
      'request-total': this.#requests.count,
      'request-size-avg': this.#requests.avg(at),
      'request-size-max': this.#requests.max(at),
      ...meter('outgoing-byte', this.#requests, at),
      'response-rate': this.#responses.countRate(at),
      'response-total': this.#responses.count,
      ...meter('incoming-byte', this.#responses, at),
    }
  }
}

function meter(name: string, sensor: Sensor, at: number): Record<string, number> {
  return { [`${name}-rate`]: sensor.rate(at), [`${name}-total`]: sensor.total }
}
