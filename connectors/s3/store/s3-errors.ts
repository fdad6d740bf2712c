import { ConfigError, ConnectError, NotFoundError, RetriableError } from 'millrace/connect'

type Kind = 'retry' | 'credentials' | 'bucket' | 'denied' | 'region' | 'host' | 'certificate' | 'unsupported' | 'other'

/** What S3's error codes, Node.js' network codes and the SDK's error names mean to a user of the connector. */
const codes: Readonly<Record<string, Kind>> = {
  SlowDown: 'retry',
  RequestTimeout: 'retry',
  InternalError: 'retry',
  ServiceUnavailable: 'retry',
  Throttling: 'retry',
  ThrottlingException: 'retry',
  RequestLimitExceeded: 'retry',
  OperationAborted: 'retry',
  ConditionalRequestConflict: 'retry',
  NoSuchUpload: 'retry',
  BadDigest: 'retry',
  IncompleteBody: 'retry',
  TimeoutError: 'retry',
  ECONNREFUSED: 'retry',
  ECONNRESET: 'retry',
  EPIPE: 'retry',
  ETIMEDOUT: 'retry',
  EHOSTUNREACH: 'retry',
  ENETUNREACH: 'retry',
  EAI_AGAIN: 'retry',
  InvalidAccessKeyId: 'credentials',
  // What versitygw says for InvalidAccessKeyId.
  XAdminUserNotFound: 'credentials',
  SignatureDoesNotMatch: 'credentials',
  ExpiredToken: 'credentials',
  InvalidToken: 'credentials',
  CredentialsProviderError: 'credentials',
  NoSuchBucket: 'bucket',
  AccessDenied: 'denied',
  AllAccessDisabled: 'denied',
  PermanentRedirect: 'region',
  AuthorizationHeaderMalformed: 'region',
  IllegalLocationConstraintException: 'region',
  ENOTFOUND: 'host',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'certificate',
  SELF_SIGNED_CERT_IN_CHAIN: 'certificate',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'certificate',
  CERT_HAS_EXPIRED: 'certificate',
  ERR_TLS_CERT_ALTNAME_INVALID: 'certificate',
  NotImplemented: 'unsupported',
}

export interface S3Failure {
  readonly code: string
  readonly status: number
  readonly message: string
}

/** What the SDK threw, in three words. */
export function describeFailure(error: unknown): S3Failure {
  if (!(error instanceof Error)) return { code: '', status: 0, message: String(error) }
  const { code, $metadata } = error as { code?: unknown; $metadata?: { httpStatusCode?: number } }
  const inner = error instanceof AggregateError ? (error.errors[0] as NodeJS.ErrnoException | undefined) : undefined
  const found = typeof code === 'string' ? code : (inner?.code ?? error.name)
  return { code: found, status: $metadata?.httpStatusCode ?? 0, message: inner?.message ?? error.message }
}

function kindOf({ code, status, message }: S3Failure): Kind {
  const known = codes[code]
  if (known !== undefined) return known
  if (status === 301) return 'region'
  if (status === 403) return 'denied'
  if (status === 501) return 'unsupported'
  if (status >= 500 || status === 429 || message === 'socket hang up') return 'retry'
  return 'other'
}

/** True when the same request may succeed when it is repeated. */
export function isPassing(error: unknown): boolean {
  return kindOf(describeFailure(error)) === 'retry'
}

/** Translates what a request threw into an error that says what to do. `place` names bucket and endpoint. */
export function s3Error(error: unknown, doing: string, bucket: string, endpoint: string): ConnectError {
  if (error instanceof ConnectError) return error
  const failure = describeFailure(error)
  const detail = [failure.code, failure.status === 0 ? '' : `HTTP ${failure.status}`].filter((part) => part !== '')
  const said = `${failure.message} (${detail.join(', ')})`
  const failed = `${doing} bucket "${bucket}" at ${endpoint} failed`
  const cause = { cause: error }
  switch (kindOf(failure)) {
    case 'retry':
      return new RetriableError(
        failure.status === 0
          ? `${failed}: the store cannot be reached: ${said}. Check store.url and that the store runs.`
          : `${failed} for a passing reason: ${said}`,
        cause,
      )
    case 'credentials':
      return new ConfigError(
        `${failed}: the credentials were refused: ${said}. Check aws.access.key.id and aws.secret.access.key.`,
        cause,
      )
    case 'bucket':
      return noSuchBucket(bucket, endpoint, error)
    case 'denied':
      return new ConnectError(
        `${failed}: access denied: ${said}. Allow the access key to read and write the bucket, or correct aws.access.key.id.`,
        cause,
      )
    case 'region':
      return new ConfigError(`${failed}: the bucket is in another region: ${said}. Correct s3.region.`, cause)
    case 'host':
      return new ConfigError(
        `${failed}: no such host: ${said}. Check store.url, and s3.path.style.access.enabled if the bucket became part of the host name.`,
        cause,
      )
    case 'certificate':
      return new ConfigError(`${failed}: its certificate is not trusted: ${said}. Check store.url.`, cause)
    case 'unsupported':
      return new ConfigError(
        `${failed}: the store lacks what was asked of it: ${said}. Try enable.conditional.writes=false.`,
        cause,
      )
    case 'other':
      return new ConnectError(`${failed}: ${said}`, cause)
  }
}

export function noSuchBucket(bucket: string, endpoint: string, cause: unknown): NotFoundError {
  return new NotFoundError(
    `Bucket "${bucket}" does not exist at ${endpoint}. Create it, or correct s3.bucket.name or store.url.`,
    { cause },
  )
}
