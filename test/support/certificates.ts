import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Files of a certificate authority and of certificates that it signed for `localhost` and 127.0.0.1. */
export interface Certificates {
  /** PEM of the authority. */
  readonly ca: string
  readonly caFile: string
  /** PEM file with key and certificate. */
  readonly pemFile: string
  /** The same, with the key encrypted by {@link password}. */
  readonly encryptedPemFile: string
  /** PKCS12 file with {@link password}. */
  readonly p12File: string
  readonly key: string
  readonly cert: string
  /** PEM file with key and certificate that another authority signed. */
  readonly strangerFile: string
  readonly password: string
  remove(): Promise<void>
}

export const password = 'store-pa55word'

/** Makes certificates with openssl; null where it is missing. They are valid for a day. */
export async function makeCertificates(): Promise<Certificates | null> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-certificates-'))
  const file = (name: string): string => join(folder, name)
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true })
  const openssl = (...args: string[]): Promise<unknown> => run('openssl', args, { cwd: folder })
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const authority = (name: string): Promise<unknown> =>
    openssl(
      'req',
      '-x509',
      ...newKey,
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.crt`,
      '-days',
      '1',
      '-subj',
      `/CN=${name}`,
    )
  const signed = async (name: string, by: string): Promise<void> => {
    await openssl('req', ...newKey, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`)
    await writeFile(file('names.ext'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n')
    await openssl(
      'x509',
      '-req',
      '-in',
      `${name}.csr`,
      '-CA',
      `${by}.crt`,
      '-CAkey',
      `${by}.key`,
      '-CAcreateserial',
      '-out',
      `${name}.crt`,
      '-days',
      '1',
      '-extfile',
      'names.ext',
    )
    await writeFile(
      file(`${name}.pem`),
      (await readFile(file(`${name}.key`), 'utf8')) + (await readFile(file(`${name}.crt`), 'utf8')),
    )
  }
  try {
    await Promise.all([authority('ca'), authority('other-ca')])
    await signed('worker', 'ca')
    await signed('stranger', 'other-ca')
    await openssl('pkcs8', '-topk8', '-in', 'worker.key', '-out', 'encrypted.key', '-passout', `pass:${password}`)
    await openssl(
      'pkcs12',
      '-export',
      '-inkey',
      'worker.key',
      '-in',
      'worker.crt',
      '-certfile',
      'ca.crt',
      '-out',
      'worker.p12',
      '-passout',
      `pass:${password}`,
    )
  } catch (error) {
    await remove()
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
  const read = (name: string): Promise<string> => readFile(file(name), 'utf8')
  await writeFile(file('encrypted.pem'), (await read('encrypted.key')) + (await read('worker.crt')))
  return {
    ca: await read('ca.crt'),
    caFile: file('ca.crt'),
    pemFile: file('worker.pem'),
    encryptedPemFile: file('encrypted.pem'),
    p12File: file('worker.p12'),
    key: await read('worker.key'),
    cert: await read('worker.crt'),
    strangerFile: file('stranger.pem'),
    password,
    remove,
  }
}
