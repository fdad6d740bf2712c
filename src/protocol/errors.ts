/** The error codes of the Kafka protocol, and the errors that this codec and the parts above it throw. */

interface ErrorEntry {
  /** Number on the wire (int16). */
  readonly code: number
  /** Kafka's name of the error. */
  readonly name: string
  /** Whether a client may send the same request again, as Kafka's own client sees it. */
  readonly retriable: boolean
  readonly message: string
}

const RETRIABLE = true
const FATAL = false

function entry<Code extends number, Name extends string>(code: Code, name: Name, retriable: boolean, message: string) {
  return { code, name, retriable, message } as const
}

/** Every error code of Kafka 4.3 in numeric order, starting with -1. */
export const errorCodes = [
  entry(-1, 'UNKNOWN_SERVER_ERROR', FATAL, 'The broker failed in an unexpected way while it handled the request'),
  entry(0, 'NONE', FATAL, 'No error'),
  entry(1, 'OFFSET_OUT_OF_RANGE', FATAL, 'The offset lies outside what the partition holds'),
  entry(2, 'CORRUPT_MESSAGE', RETRIABLE, 'A record batch is damaged: its checksum, its size or its layout is wrong'),
  entry(3, 'UNKNOWN_TOPIC_OR_PARTITION', RETRIABLE, 'The broker has no such topic or partition'),
  entry(4, 'INVALID_FETCH_SIZE', FATAL, 'The fetch size is not valid'),
  entry(5, 'LEADER_NOT_AVAILABLE', RETRIABLE, 'The partition has no leader at the moment'),
  entry(6, 'NOT_LEADER_OR_FOLLOWER', RETRIABLE, 'The broker does not serve this partition (any more)'),
  entry(7, 'REQUEST_TIMED_OUT', RETRIABLE, 'The request was not finished within its timeout'),
  entry(8, 'BROKER_NOT_AVAILABLE', FATAL, 'The broker is not available'),
  entry(9, 'REPLICA_NOT_AVAILABLE', RETRIABLE, 'The replica is not available for the partition'),
  entry(10, 'MESSAGE_TOO_LARGE', FATAL, 'The record batch is larger than the topic accepts (max.message.bytes)'),
  entry(11, 'STALE_CONTROLLER_EPOCH', FATAL, 'A newer controller has taken over'),
  entry(12, 'OFFSET_METADATA_TOO_LARGE', FATAL, 'The text committed with the offset is too long'),
  entry(13, 'NETWORK_EXCEPTION', RETRIABLE, 'The connection broke before an answer arrived'),
  entry(14, 'COORDINATOR_LOAD_IN_PROGRESS', RETRIABLE, 'The coordinator is still loading its state'),
  entry(15, 'COORDINATOR_NOT_AVAILABLE', RETRIABLE, 'The coordinator is not available'),
  entry(16, 'NOT_COORDINATOR', RETRIABLE, 'The broker is not the coordinator of this group or transactional id'),
  entry(17, 'INVALID_TOPIC_EXCEPTION', FATAL, 'The topic name is not valid or the topic is reserved'),
  entry(18, 'RECORD_LIST_TOO_LARGE', FATAL, 'The record batch does not fit into a log segment'),
  entry(19, 'NOT_ENOUGH_REPLICAS', RETRIABLE, 'Fewer replicas are in sync than min.insync.replicas asks for'),
  entry(
    20,
    'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
    RETRIABLE,
    'The records were written, but to fewer in-sync replicas than required',
  ),
  entry(21, 'INVALID_REQUIRED_ACKS', FATAL, 'acks has to be -1 (all), 0 or 1'),
  entry(22, 'ILLEGAL_GENERATION', FATAL, 'The generation is not the current one of the group'),
  entry(
    23,
    'INCONSISTENT_GROUP_PROTOCOL',
    FATAL,
    "The member's protocol type or protocols have nothing in common with those of the group",
  ),
  entry(24, 'INVALID_GROUP_ID', FATAL, 'The group id is not valid'),
  entry(25, 'UNKNOWN_MEMBER_ID', FATAL, 'The group has no such member'),
  entry(26, 'INVALID_SESSION_TIMEOUT', FATAL, 'The session timeout lies outside what the broker allows'),
  entry(27, 'REBALANCE_IN_PROGRESS', FATAL, 'The group is rebalancing: the member has to join again'),
  entry(28, 'INVALID_COMMIT_OFFSET_SIZE', FATAL, 'The offsets to commit do not fit into one record batch'),
  entry(29, 'TOPIC_AUTHORIZATION_FAILED', FATAL, 'Access to the topic is denied'),
  entry(30, 'GROUP_AUTHORIZATION_FAILED', FATAL, 'Access to the group is denied'),
  entry(31, 'CLUSTER_AUTHORIZATION_FAILED', FATAL, 'The operation on the cluster is denied'),
  entry(32, 'INVALID_TIMESTAMP', FATAL, 'A record timestamp lies outside what the topic accepts'),
  entry(33, 'UNSUPPORTED_SASL_MECHANISM', FATAL, 'The broker does not offer this SASL mechanism'),
  entry(34, 'ILLEGAL_SASL_STATE', FATAL, 'The request does not fit the state of the SASL exchange'),
  entry(35, 'UNSUPPORTED_VERSION', FATAL, 'The version of the API is not supported'),
  entry(36, 'TOPIC_ALREADY_EXISTS', FATAL, 'A topic of this name exists already'),
  entry(37, 'INVALID_PARTITIONS', FATAL, 'The number of partitions is not valid'),
  entry(
    38,
    'INVALID_REPLICATION_FACTOR',
    FATAL,
    'The replication factor is below 1 or above the number of available brokers',
  ),
  entry(39, 'INVALID_REPLICA_ASSIGNMENT', FATAL, 'The assignment of replicas to brokers is not valid'),
  entry(40, 'INVALID_CONFIG', FATAL, 'A configuration entry is not valid'),
  entry(41, 'NOT_CONTROLLER', RETRIABLE, 'The broker is not the controller of the cluster'),
  entry(42, 'INVALID_REQUEST', FATAL, 'The request contradicts itself or the protocol'),
  entry(
    43,
    'UNSUPPORTED_FOR_MESSAGE_FORMAT',
    FATAL,
    'The record format of the log does not carry what the request needs',
  ),
  entry(44, 'POLICY_VIOLATION', FATAL, 'The request breaks a policy of the broker'),
  entry(45, 'OUT_OF_ORDER_SEQUENCE_NUMBER', FATAL, "The batch does not continue the producer's sequence numbers"),
  entry(46, 'DUPLICATE_SEQUENCE_NUMBER', FATAL, "The batch repeats one of the producer's sequence numbers"),
  entry(47, 'INVALID_PRODUCER_EPOCH', FATAL, 'A producer with the same id and a newer epoch is active'),
  entry(48, 'INVALID_TXN_STATE', FATAL, 'The operation is not possible in the present state of the transaction'),
  entry(49, 'INVALID_PRODUCER_ID_MAPPING', FATAL, 'The transactional id belongs to another producer id'),
  entry(50, 'INVALID_TRANSACTION_TIMEOUT', FATAL, 'The transaction timeout is larger than the broker allows'),
  entry(51, 'CONCURRENT_TRANSACTIONS', RETRIABLE, 'The previous transaction of this producer is still being finished'),
  entry(52, 'TRANSACTION_COORDINATOR_FENCED', FATAL, 'The transaction coordinator that sent this was replaced'),
  entry(53, 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED', FATAL, 'Access to the transactional id is denied'),
  entry(54, 'SECURITY_DISABLED', FATAL, 'The broker has no authorizer configured'),
  entry(55, 'OPERATION_NOT_ATTEMPTED', FATAL, 'The operation was skipped because another part of the request failed'),
  entry(56, 'KAFKA_STORAGE_ERROR', RETRIABLE, 'The broker could not read or write its disk'),
  entry(57, 'LOG_DIR_NOT_FOUND', FATAL, 'The broker has no such log folder'),
  entry(58, 'SASL_AUTHENTICATION_FAILED', FATAL, 'The credentials were refused'),
  entry(59, 'UNKNOWN_PRODUCER_ID', FATAL, 'The partition has no state for this producer id'),
  entry(60, 'REASSIGNMENT_IN_PROGRESS', FATAL, 'The partition is being reassigned'),
  entry(61, 'DELEGATION_TOKEN_AUTH_DISABLED', FATAL, 'Delegation tokens are switched off'),
  entry(62, 'DELEGATION_TOKEN_NOT_FOUND', FATAL, 'The delegation token does not exist'),
  entry(63, 'DELEGATION_TOKEN_OWNER_MISMATCH', FATAL, 'The principal is neither owner nor renewer of the token'),
  entry(
    64,
    'DELEGATION_TOKEN_REQUEST_NOT_ALLOWED',
    FATAL,
    'Delegation tokens are handed out only over authenticated connections',
  ),
  entry(65, 'DELEGATION_TOKEN_AUTHORIZATION_FAILED', FATAL, 'Access to the delegation token is denied'),
  entry(66, 'DELEGATION_TOKEN_EXPIRED', FATAL, 'The delegation token has expired'),
  entry(67, 'INVALID_PRINCIPAL_TYPE', FATAL, 'The type of the principal is not supported'),
  entry(68, 'NON_EMPTY_GROUP', FATAL, 'The group still has members'),
  entry(69, 'GROUP_ID_NOT_FOUND', FATAL, 'The group does not exist'),
  entry(70, 'FETCH_SESSION_ID_NOT_FOUND', RETRIABLE, 'The broker does not know the fetch session (any more)'),
  entry(71, 'INVALID_FETCH_SESSION_EPOCH', RETRIABLE, 'The epoch of the fetch session is not the expected one'),
  entry(72, 'LISTENER_NOT_FOUND', RETRIABLE, 'The leader has no listener like the one of this connection'),
  entry(73, 'TOPIC_DELETION_DISABLED', FATAL, 'Deleting topics is switched off (delete.topic.enable)'),
  entry(74, 'FENCED_LEADER_EPOCH', RETRIABLE, 'The leader epoch of the request is older than that of the broker'),
  entry(75, 'UNKNOWN_LEADER_EPOCH', RETRIABLE, 'The leader epoch of the request is newer than that of the broker'),
  entry(
    76,
    'UNSUPPORTED_COMPRESSION_TYPE',
    FATAL,
    'The client cannot read, or the API version cannot carry, the codec',
  ),
  entry(77, 'STALE_BROKER_EPOCH', FATAL, 'The broker has registered again since'),
  entry(78, 'OFFSET_NOT_AVAILABLE', RETRIABLE, 'The new leader does not know the high watermark yet'),
  entry(79, 'MEMBER_ID_REQUIRED', FATAL, 'The member has to join again with the member id of this answer'),
  entry(80, 'PREFERRED_LEADER_NOT_AVAILABLE', RETRIABLE, 'The preferred leader is not available'),
  entry(81, 'GROUP_MAX_SIZE_REACHED', FATAL, 'The group has as many members as the broker allows'),
  entry(82, 'FENCED_INSTANCE_ID', FATAL, 'Another member took over this group.instance.id'),
  entry(83, 'ELIGIBLE_LEADERS_NOT_AVAILABLE', RETRIABLE, 'No replica that may become leader is available'),
  entry(84, 'ELECTION_NOT_NEEDED', RETRIABLE, 'The partition has the wanted leader already'),
  entry(85, 'NO_REASSIGNMENT_IN_PROGRESS', FATAL, 'No reassignment is under way for the partition'),
  entry(86, 'GROUP_SUBSCRIBED_TO_TOPIC', FATAL, 'Offsets cannot be deleted while the group is subscribed to the topic'),
  entry(87, 'INVALID_RECORD', FATAL, 'The broker refused a record or its batch'),
  entry(88, 'UNSTABLE_OFFSET_COMMIT', RETRIABLE, 'Offsets of an open transaction are still pending'),
  entry(89, 'THROTTLING_QUOTA_EXCEEDED', RETRIABLE, 'A quota is exhausted: try again later'),
  entry(90, 'PRODUCER_FENCED', FATAL, 'Another producer with the same transactional id took over'),
  entry(91, 'RESOURCE_NOT_FOUND', FATAL, 'The named resource does not exist'),
  entry(92, 'DUPLICATE_RESOURCE', FATAL, 'The request names a resource twice'),
  entry(93, 'UNACCEPTABLE_CREDENTIAL', FATAL, 'The credential does not meet the requirements'),
  entry(94, 'INCONSISTENT_VOTER_SET', FATAL, 'The voters named do not match those of the quorum'),
  entry(95, 'INVALID_UPDATE_VERSION', FATAL, 'The update carries the wrong version'),
  entry(96, 'FEATURE_UPDATE_FAILED', FATAL, 'The features could not be updated'),
  entry(97, 'PRINCIPAL_DESERIALIZATION_FAILURE', FATAL, 'The forwarded principal could not be read'),
  entry(98, 'SNAPSHOT_NOT_FOUND', FATAL, 'The snapshot does not exist'),
  entry(99, 'POSITION_OUT_OF_RANGE', FATAL, 'The position lies outside the snapshot'),
  entry(100, 'UNKNOWN_TOPIC_ID', RETRIABLE, 'The broker has no topic with this id'),
  entry(101, 'DUPLICATE_BROKER_REGISTRATION', FATAL, 'The broker id is in use'),
  entry(102, 'BROKER_ID_NOT_REGISTERED', FATAL, 'The broker id is not registered'),
  entry(103, 'INCONSISTENT_TOPIC_ID', RETRIABLE, 'The topic id differs from the one in the log'),
  entry(104, 'INCONSISTENT_CLUSTER_ID', FATAL, 'The cluster id of the request is not that of this cluster'),
  entry(105, 'TRANSACTIONAL_ID_NOT_FOUND', FATAL, 'The transactional id does not exist'),
  entry(106, 'FETCH_SESSION_TOPIC_ID_ERROR', RETRIABLE, 'The fetch session mixes requests with and without topic ids'),
  entry(107, 'INELIGIBLE_REPLICA', FATAL, 'The replica may not join the in-sync replicas'),
  entry(108, 'NEW_LEADER_ELECTED', FATAL, 'The change was made, and it brought a new leader'),
  entry(109, 'OFFSET_MOVED_TO_TIERED_STORAGE', FATAL, 'The offset is kept in tiered storage only'),
  entry(110, 'FENCED_MEMBER_EPOCH', FATAL, 'The group coordinator fenced the member: it has to join again'),
  entry(111, 'UNRELEASED_INSTANCE_ID', FATAL, 'Another member of the group still uses this group.instance.id'),
  entry(112, 'UNSUPPORTED_ASSIGNOR', FATAL, 'The group does not support the chosen assignor'),
  entry(113, 'STALE_MEMBER_EPOCH', FATAL, 'The member epoch is behind that of the coordinator'),
  entry(114, 'MISMATCHED_ENDPOINT_TYPE', FATAL, 'The request was sent to the wrong kind of endpoint'),
  entry(115, 'UNSUPPORTED_ENDPOINT_TYPE', FATAL, 'The kind of endpoint is not supported'),
  entry(116, 'UNKNOWN_CONTROLLER_ID', FATAL, 'The controller id is not known'),
  entry(117, 'UNKNOWN_SUBSCRIPTION_ID', FATAL, 'The telemetry subscription is out of date'),
  entry(118, 'TELEMETRY_TOO_LARGE', FATAL, 'The pushed telemetry is larger than the broker allows'),
  entry(119, 'INVALID_REGISTRATION', FATAL, 'The registration of the broker is not valid'),
  entry(120, 'TRANSACTION_ABORTABLE', FATAL, 'The transaction met an error and has to be aborted'),
  entry(121, 'INVALID_RECORD_STATE', FATAL, 'The state of the shared record does not allow the acknowledgement'),
  entry(122, 'SHARE_SESSION_NOT_FOUND', RETRIABLE, 'The broker does not know the share session'),
  entry(123, 'INVALID_SHARE_SESSION_EPOCH', RETRIABLE, 'The epoch of the share session is not the expected one'),
  entry(124, 'FENCED_STATE_EPOCH', FATAL, 'The state epoch is out of date'),
  entry(125, 'INVALID_VOTER_KEY', FATAL, 'The voter key is not that of the replica'),
  entry(126, 'DUPLICATE_VOTER', FATAL, 'The voter belongs to the quorum already'),
  entry(127, 'VOTER_NOT_FOUND', FATAL, 'The voter does not belong to the quorum'),
  entry(128, 'INVALID_REGULAR_EXPRESSION', FATAL, 'The regular expression is not valid'),
  entry(129, 'REBOOTSTRAP_REQUIRED', FATAL, 'The client has to start again from its bootstrap servers'),
  entry(130, 'STREAMS_INVALID_TOPOLOGY', FATAL, 'The topology of the streams application is not valid'),
  entry(131, 'STREAMS_INVALID_TOPOLOGY_EPOCH', FATAL, 'The epoch of the topology is not valid'),
  entry(132, 'STREAMS_TOPOLOGY_FENCED', FATAL, 'The topology of the streams application is out of date'),
  entry(133, 'SHARE_SESSION_LIMIT_REACHED', RETRIABLE, 'The broker has no room for another share session'),
] as const satisfies readonly ErrorEntry[]

type Entry = (typeof errorCodes)[number]

/** Kafka's name of an error code. */
export type ErrorName = Entry['name']

/** Codes by name: `ErrorCode.UNKNOWN_TOPIC_OR_PARTITION === 3`. */
export const ErrorCode = Object.fromEntries(errorCodes.map(({ name, code }) => [name, code])) as {
  readonly [E in Entry as E['name']]: E['code']
}

const byCode = new Map<number, ErrorEntry>(errorCodes.map((error) => [error.code, error]))

/** The table's entry of a code. A code from a newer broker than we know gives the entry of UNKNOWN_SERVER_ERROR. */
export function errorByCode(code: number): ErrorEntry {
  return byCode.get(code) ?? errorCodes[0]
}

/** An error that has a Kafka error code: thrown by the broker's parts to be put into an answer, by the client from one. */
export class ProtocolError extends Error {
  /** Kafka's error code, as on the wire (kept as received, even if we do not know it). */
  readonly code: number
  /** Kafka's name of the error. */
  readonly errorName: string
  readonly retriable: boolean

  /**
   * @param code Kafka's error code
   * @param message what happened, with names and values; the table's sentence if missing
   */
  constructor(code: number, message?: string | null, options?: ErrorOptions) {
    const known = errorByCode(code)
    super(
      message || (byCode.has(code) ? known.message : `The broker answered with the unknown error code ${code}`),
      options,
    )
    this.code = code
    this.errorName = known.name
    this.retriable = known.retriable
  }

  override get name(): string {
    return 'ProtocolError'
  }
}

/** The bytes are not what the protocol says: too short, a negative length, a null where none may be, left-over bytes. */
export class ProtocolDecodeError extends Error {
  override get name(): string {
    return 'ProtocolDecodeError'
  }
}

/** A value cannot be written: out of the range of its type, null where none may be, or an unsupported API version. */
export class ProtocolEncodeError extends Error {
  override get name(): string {
    return 'ProtocolEncodeError'
  }
}
