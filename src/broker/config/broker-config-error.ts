/** A broker setting is missing or wrong. The message names the setting, its value, and what to write instead. */
export class BrokerConfigError extends Error {
  readonly code = 'MILL_BROKER_CONFIG'
  readonly retriable = false

  override get name(): string {
    return 'BrokerConfigError'
  }
}
