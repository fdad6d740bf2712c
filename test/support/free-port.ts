import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'

/**
 * Below the ports that systems give to whoever takes any (Linux from 32768, others from 49152), which may be somebody else's
 * before a server has bound them; and above the last one that `fetch` refuses, 10080.
 */
const FIRST_PORT = 12_000
const PORTS = 20_000
/** Far more than it takes while most of them are free. */
const TRIES = 200

/**
 * A port of the loopback that nobody uses, for a server that is started later, perhaps more than once or by another process.
 * No other caller gets it while this process lives, of whichever test file.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < TRIES; tries++) {
    const port = FIRST_PORT + randomInt(PORTS)
    if ((await reserve(port)) && (await isFree(port))) return port
  }
  throw new Error(`None of ${TRIES} ports from ${FIRST_PORT} to ${FIRST_PORT + PORTS - 1} is free`)
}

/** Takes the UDP port of the same number, as each caller does first, until this process ends; it leaves TCP alone. */
function reserve(port: number): Promise<boolean> {
  const holder = createSocket('udp4')
  return new Promise((resolve) => {
    holder.once('error', () => {
      holder.close()
      resolve(false)
    })
    holder.bind({ address: '127.0.0.1', port, exclusive: true }, () => {
      holder.unref()
      resolve(true)
    })
  })
}

function isFree(port: number): Promise<boolean> {
  const server = createServer()
  return new Promise((resolve) => {
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
