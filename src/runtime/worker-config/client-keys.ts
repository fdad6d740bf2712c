import { atLeast, between, listWithoutRepeats, oneOfIgnoringCase } from '../config-def/validators.ts'
import { workerKey as key, type WorkerKey } from './worker-key.ts'

const operatingSystem = "the operating system's own sizes are used"

/** How the worker's own clients reach the brokers. */
export const connectionKeys: readonly WorkerKey[] = [
  key('client.id', 'STRING', '', 'LOW', 'Goes into the names of the clients that the worker makes.'),
  key('metadata.max.age.ms', 'LONG', '300000', 'LOW', 'Age at which what is known of the cluster is asked for anew.', {
    validator: atLeast(0),
  }),
  key('request.timeout.ms', 'INT', '40000', 'MEDIUM', 'Time for the answer to one request.', { validator: atLeast(0) }),
  key('default.api.timeout.ms', 'INT', '60000', 'MEDIUM', 'Time for a call to the cluster with all its requests.', {
    validator: atLeast(0),
  }),
  key('retry.backoff.ms', 'LONG', '100', 'LOW', 'First pause before a request is repeated.', { validator: atLeast(0) }),
  key('retry.backoff.max.ms', 'LONG', '1000', 'LOW', 'Longest pause before a request is repeated.', {
    validator: atLeast(0),
  }),
  key('reconnect.backoff.ms', 'LONG', '50', 'LOW', 'First pause before connecting again.', { validator: atLeast(0) }),
  key('reconnect.backoff.max.ms', 'LONG', '1000', 'LOW', 'Longest pause before connecting again.', {
    validator: atLeast(0),
  }),
  key('connections.max.idle.ms', 'LONG', '540000', 'MEDIUM', 'Idle time after which a connection is closed.'),
  key('socket.connection.setup.timeout.ms', 'LONG', '10000', 'LOW', 'Time for a connection to be made.', {
    validator: atLeast(0),
  }),
  key('socket.connection.setup.timeout.max.ms', 'LONG', '30000', 'LOW', 'Longest time for a connection to be made.', {
    validator: atLeast(0),
    withoutEffect: 'the time for a connection does not grow',
  }),
  key('send.buffer.bytes', 'INT', '131072', 'MEDIUM', 'Size of the send buffer of sockets.', {
    validator: atLeast(-1),
    withoutEffect: operatingSystem,
  }),
  key('receive.buffer.bytes', 'INT', '32768', 'MEDIUM', 'Size of the receive buffer of sockets.', {
    validator: atLeast(-1),
    withoutEffect: operatingSystem,
  }),
  key('metadata.recovery.strategy', 'STRING', 'rebootstrap', 'LOW', 'What to do when no known broker answers.', {
    validator: oneOfIgnoringCase('none', 'rebootstrap'),
    withoutEffect: 'bootstrap.servers are asked again whenever no known broker answers',
  }),
  key(
    'metadata.recovery.rebootstrap.trigger.ms',
    'LONG',
    '300000',
    'LOW',
    'Time before bootstrap.servers are asked again.',
    {
      validator: atLeast(0),
      withoutEffect: 'bootstrap.servers are asked again whenever no known broker answers',
    },
  ),
  key('security.protocol', 'STRING', 'PLAINTEXT', 'MEDIUM', 'How to talk to the brokers.', {
    validator: oneOfIgnoringCase('PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'),
  }),
]

const noJava = 'it is of Java'
const javaClass = 'it names a Java class'
const noKerberos = 'there is no Kerberos here'

/** Authentication at the brokers. */
export const saslKeys: readonly WorkerKey[] = [
  key('sasl.mechanism', 'STRING', 'GSSAPI', 'MEDIUM', 'How to prove who the worker is.'),
  key('sasl.jaas.config', 'PASSWORD', null, 'MEDIUM', 'Name and password, as a JAAS login module with its options.'),
  key('sasl.client.callback.handler.class', 'CLASS', null, 'MEDIUM', 'Callback handler.', { withoutEffect: javaClass }),
  key('sasl.login.callback.handler.class', 'CLASS', null, 'MEDIUM', 'Callback handler.', { withoutEffect: javaClass }),
  key('sasl.login.class', 'CLASS', null, 'MEDIUM', 'Login class.', { withoutEffect: javaClass }),
  key('sasl.kerberos.service.name', 'STRING', null, 'MEDIUM', 'Kerberos principal.', { withoutEffect: noKerberos }),
  key('sasl.kerberos.kinit.cmd', 'STRING', '/usr/bin/kinit', 'LOW', 'Kerberos command.', { withoutEffect: noKerberos }),
  key('sasl.kerberos.ticket.renew.window.factor', 'DOUBLE', '0.8', 'LOW', 'When to renew a Kerberos ticket.', {
    withoutEffect: noKerberos,
  }),
  key('sasl.kerberos.ticket.renew.jitter', 'DOUBLE', '0.05', 'LOW', 'Random part of that time.', {
    withoutEffect: noKerberos,
  }),
  key('sasl.kerberos.min.time.before.relogin', 'LONG', '60000', 'LOW', 'Pause between Kerberos logins.', {
    withoutEffect: noKerberos,
  }),
  key('sasl.login.refresh.window.factor', 'DOUBLE', '0.8', 'LOW', 'When to renew a token, as a part of its life.', {
    validator: between(0.5, 1),
  }),
  key('sasl.login.refresh.window.jitter', 'DOUBLE', '0.05', 'LOW', 'Random part of that time.', {
    validator: between(0, 0.25),
  }),
  key('sasl.login.refresh.min.period.seconds', 'SHORT', '60', 'LOW', 'Shortest time before a token is renewed.', {
    validator: between(0, 900),
  }),
  key('sasl.login.refresh.buffer.seconds', 'SHORT', '300', 'LOW', 'Time before its end at which a token is renewed.', {
    validator: between(0, 3600),
  }),
  key('sasl.login.connect.timeout.ms', 'INT', null, 'LOW', 'Time to connect to the token endpoint.'),
  key('sasl.login.read.timeout.ms', 'INT', null, 'LOW', "Time for the token endpoint's answer."),
  key('sasl.login.retry.backoff.ms', 'LONG', '100', 'LOW', 'First pause between tries at the token endpoint.'),
  key('sasl.login.retry.backoff.max.ms', 'LONG', '10000', 'LOW', 'Longest pause between tries at the token endpoint.'),
]

/** TLS, towards the brokers and of the REST server. */
export const sslKeys: readonly WorkerKey[] = [
  key('ssl.protocol', 'STRING', 'TLSv1.3', 'MEDIUM', 'Newest TLS version to offer.'),
  key('ssl.provider', 'STRING', null, 'MEDIUM', 'Security provider.', { withoutEffect: noJava }),
  key('ssl.cipher.suites', 'LIST', '', 'LOW', 'Cipher suites to allow; empty: the usual ones.', {
    validator: listWithoutRepeats,
  }),
  key('ssl.enabled.protocols', 'LIST', 'TLSv1.2,TLSv1.3', 'MEDIUM', 'TLS versions to allow.', {
    validator: listWithoutRepeats,
  }),
  key('ssl.keystore.type', 'STRING', 'JKS', 'MEDIUM', 'Form of the key store: JKS, PKCS12 or PEM.'),
  key('ssl.keystore.location', 'STRING', null, 'HIGH', 'File with the private key and its certificates.'),
  key('ssl.keystore.password', 'PASSWORD', null, 'HIGH', 'Password of the key store.'),
  key('ssl.key.password', 'PASSWORD', null, 'HIGH', 'Password of the private key.'),
  key('ssl.keystore.key', 'PASSWORD', null, 'HIGH', 'Private key as PEM text, in place of a file.'),
  key('ssl.keystore.certificate.chain', 'PASSWORD', null, 'HIGH', 'Certificates as PEM text, in place of a file.'),
  key('ssl.truststore.certificates', 'PASSWORD', null, 'HIGH', 'Trusted certificates as PEM text, in place of a file.'),
  key('ssl.truststore.type', 'STRING', 'JKS', 'MEDIUM', 'Form of the trust store: JKS, PKCS12 or PEM.'),
  key('ssl.truststore.location', 'STRING', null, 'HIGH', 'File with the certificates to trust.'),
  key('ssl.truststore.password', 'PASSWORD', null, 'HIGH', 'Password of the trust store.'),
  key('ssl.keymanager.algorithm', 'STRING', 'SunX509', 'LOW', 'Key manager.', { withoutEffect: noJava }),
  key('ssl.trustmanager.algorithm', 'STRING', 'PKIX', 'LOW', 'Trust manager.', { withoutEffect: noJava }),
  key(
    'ssl.endpoint.identification.algorithm',
    'STRING',
    'https',
    'LOW',
    'https: the name of the other side must be that of its certificate; empty: it need not.',
  ),
  key('ssl.secure.random.implementation', 'STRING', null, 'LOW', 'Random numbers.', { withoutEffect: noJava }),
  key('ssl.engine.factory.class', 'CLASS', null, 'LOW', 'TLS engine.', { withoutEffect: javaClass }),
]
