import { Sensor, type SensorSettings } from '../base/sensor.ts'
import { now } from './waits.ts'

/** What a client's connections did, for metrics: all those of one client, and its requests on connections that clients share. */
export class NetworkMeter {
  readonly #created: Sensor
  readonly #closed: Sensor
  readonly #ready: Sensor
  readonly #refused: Sensor
  readonly #transfers: Sensor
  readonly #sent: Sensor
  readonly #requests: Sensor
  readonly #received: Sensor
  readonly #responses: Sensor

  constructor(settings: SensorSettings) {
    const sensor = (): Sensor => new Sensor(settings)
    this.#created = sensor()
    this.#closed = sensor()
    this.#ready = sensor()
    this.#refused = sensor()
    this.#transfers = sensor()
    this.#sent = sensor()
    this.#requests = sensor()
    this.#received = sensor()
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
    const at = now()
    this.#requests.record(bytes, at)
    this.#sent.record(bytes, at)
    this.#transfers.record(1, at)
  }

  /** A response of so many bytes came. */
  answered(bytes: number): void {
    const at = now()
    this.#received.record(bytes, at)
    this.#transfers.record(1, at)
    this.#responses.record(1, at)
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
      ...meter('network-io', this.#transfers, at),
      'request-rate': this.#requests.countRate(at),
      'request-total': this.#requests.count,
      'request-size-avg': this.#requests.avg(at),
      'request-size-max': this.#requests.max(at),
      ...meter('outgoing-byte', this.#sent, at),
      ...meter('response', this.#responses, at),
      ...meter('incoming-byte', this.#received, at),
    }
  }
}

function meter(name: string, sensor: Sensor, at: number): Record<string, number> {
  return { [`${name}-rate`]: sensor.rate(at), [`${name}-total`]: sensor.total }
}
