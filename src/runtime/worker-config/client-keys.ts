import { atLeast, between, listWithoutRepeats, oneOfIgnoringCase } from '../config-def/validators.ts'
import { clientKeys } from '../config-def/client-keys.ts'
import { workerKey, type WorkerKey, type WorkerKeyOptions } from './worker-key.ts'

/** A setting that Kafka's clients have too: with the type, default and importance that it has there, but for `own`. */
function asClient(
  name: string,
  documentation: string,
  own: WorkerKeyOptions & Partial<Pick<WorkerKey, 'default' | 'importance'>> = {},
): WorkerKey {
  const known = clientKeys.admin.get(name)
  if (known === undefined) throw new TypeError(`Kafka's clients have no setting ${name}`)
  const { type, default: byDefault, importance } = { ...known, ...own }
  return workerKey(name, type, byDefault, importance, documentation, own)
}

const operatingSystem = "the operating system's own sizes are used"

/** How the worker's own clients reach the brokers. */
export const connectionKeys: readonly WorkerKey[] = [
  asClient('client.id', 'Goes into the names of the clients that the worker makes.', { importance: 'LOW' }),
  asClient('metadata.max.age.ms', 'Age at which what is known of the cluster is asked for anew.', {
    validator: atLeast(0),
  }),
  asClient('request.timeout.ms', 'Time for the answer to one request.', { default: '40000', validator: atLeast(0) }),
  asClient('default.api.timeout.ms', 'Time for a call to the cluster with all its requests.', {
    validator: atLeast(0),
  }),
  asClient('retry.backoff.ms', 'First pause before a request is repeated.', { validator: atLeast(0) }),
  asClient('retry.backoff.max.ms', 'Longest pause before a request is repeated.', {
    validator: atLeast(0),
  }),
  asClient('reconnect.backoff.ms', 'First pause before connecting again.', { validator: atLeast(0) }),
  asClient('reconnect.backoff.max.ms', 'Longest pause before connecting again.', {
    validator: atLeast(0),
  }),
  asClient('connections.max.idle.ms', 'Idle time after which a connection is closed.', { default: '540000' }),
  asClient('socket.connection.setup.timeout.ms', 'Time for a connection to be made.', {
    importance: 'LOW',
    validator: atLeast(0),
  }),
  asClient('socket.connection.setup.timeout.max.ms', 'Longest time for a connection to be made.', {
    importance: 'LOW',
    validator: atLeast(0),
    withoutEffect: 'the time for a connection does not grow',
  }),
  asClient('send.buffer.bytes', 'Size of the send buffer of sockets.', {
    validator: atLeast(-1),
    withoutEffect: operatingSystem,
  }),
  asClient('receive.buffer.bytes', 'Size of the receive buffer of sockets.', {
    default: '32768',
    validator: atLeast(-1),
    withoutEffect: operatingSystem,
  }),
  asClient('metadata.recovery.strategy', 'What to do when no known broker answers.', {
    validator: oneOfIgnoringCase('none', 'rebootstrap'),
    withoutEffect: 'bootstrap.servers are asked again whenever no known broker answers',
  }),
  asClient('metadata.recovery.rebootstrap.trigger.ms', 'Time before bootstrap.servers are asked again.', {
    validator: atLeast(0),
    withoutEffect: 'bootstrap.servers are asked again whenever no known broker answers',
  }),
  asClient('security.protocol', 'How to talk to the brokers.', {
    validator: oneOfIgnoringCase('PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'),
  }),
]

const noJava = 'it is of Java'
const javaClass = 'it names a Java class'
const noKerberos = 'there is no Kerberos here'

/** Authentication at the brokers. */
export const saslKeys: readonly WorkerKey[] = [
  asClient('sasl.mechanism', 'How to prove who the worker is.'),
  asClient('sasl.jaas.config', 'Name and password, as a JAAS login module with its options.'),
  asClient('sasl.client.callback.handler.class', 'Callback handler.', { withoutEffect: javaClass }),
  asClient('sasl.login.callback.handler.class', 'Callback handler.', { withoutEffect: javaClass }),
  asClient('sasl.login.class', 'Login class.', { withoutEffect: javaClass }),
  asClient('sasl.kerberos.service.name', 'Kerberos principal.', { withoutEffect: noKerberos }),
  asClient('sasl.kerberos.kinit.cmd', 'Kerberos command.', { withoutEffect: noKerberos }),
  asClient('sasl.kerberos.ticket.renew.window.factor', 'When to renew a Kerberos ticket.', {
    withoutEffect: noKerberos,
  }),
  asClient('sasl.kerberos.ticket.renew.jitter', 'Random part of that time.', {
    withoutEffect: noKerberos,
  }),
  asClient('sasl.kerberos.min.time.before.relogin', 'Pause between Kerberos logins.', {
    withoutEffect: noKerberos,
  }),
  asClient('sasl.login.refresh.window.factor', 'When to renew a token, as a part of its life.', {
    validator: between(0.5, 1),
  }),
  asClient('sasl.login.refresh.window.jitter', 'Random part of that time.', {
    validator: between(0, 0.25),
  }),
  asClient('sasl.login.refresh.min.period.seconds', 'Shortest time before a token is renewed.', {
    validator: between(0, 900),
  }),
  asClient('sasl.login.refresh.buffer.seconds', 'Time before its end at which a token is renewed.', {
    validator: between(0, 3600),
  }),
  asClient('sasl.login.connect.timeout.ms', 'Time to connect to the token endpoint.'),
  asClient('sasl.login.read.timeout.ms', "Time for the token endpoint's answer."),
  asClient('sasl.login.retry.backoff.ms', 'First pause between tries at the token endpoint.'),
  asClient('sasl.login.retry.backoff.max.ms', 'Longest pause between tries at the token endpoint.'),
]

/** TLS, towards the brokers and of the REST server. */
export const sslKeys: readonly WorkerKey[] = [
  asClient('ssl.protocol', 'Newest TLS version to offer.'),
  asClient('ssl.provider', 'Security provider.', { withoutEffect: noJava }),
  asClient('ssl.cipher.suites', 'Cipher suites to allow; empty: the usual ones.', {
    validator: listWithoutRepeats,
  }),
  asClient('ssl.enabled.protocols', 'TLS versions to allow.', {
    validator: listWithoutRepeats,
  }),
  asClient('ssl.keystore.type', 'Form of the key store: JKS, PKCS12 or PEM.'),
  asClient('ssl.keystore.location', 'File with the private key and its certificates.'),
  asClient('ssl.keystore.password', 'Password of the key store.'),
  asClient('ssl.key.password', 'Password of the private key.'),
  asClient('ssl.keystore.key', 'Private key as PEM text, in place of a file.'),
  asClient('ssl.keystore.certificate.chain', 'Certificates as PEM text, in place of a file.'),
  asClient('ssl.truststore.certificates', 'Trusted certificates as PEM text, in place of a file.'),
  asClient('ssl.truststore.type', 'Form of the trust store: JKS, PKCS12 or PEM.'),
  asClient('ssl.truststore.location', 'File with the certificates to trust.'),
  asClient('ssl.truststore.password', 'Password of the trust store.'),
  asClient('ssl.keymanager.algorithm', 'Key manager.', { withoutEffect: noJava }),
  asClient('ssl.trustmanager.algorithm', 'Trust manager.', { withoutEffect: noJava }),
  asClient(
    'ssl.endpoint.identification.algorithm',
    'https: the name of the other side must be that of its certificate; empty: it need not.',
  ),
  asClient('ssl.secure.random.implementation', 'Random numbers.', { withoutEffect: noJava }),
  asClient('ssl.engine.factory.class', 'TLS engine.', { withoutEffect: javaClass }),
]
