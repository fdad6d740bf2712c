import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

const METHOD = 'useUserBuffer'

/**
 * Makes this process one whose Node cannot read from accepted sockets into memory that it is given; `socket` is any that is
 * open. Gives what undoes it.
 */
export function withoutOwnReads(socket: Socket): () => void {
  let owner = (socket as unknown as { _handle: object })._handle
  while (!Object.hasOwn(owner, METHOD)) owner = Object.getPrototypeOf(owner) as object
  const method = Object.getOwnPropertyDescriptor(owner, METHOD) ?? {}
  Reflect.deleteProperty(owner, METHOD)
  return () => Object.defineProperty(owner, METHOD, method)
}

/** {@link withoutOwnReads} for the rest of the process. */
export async function neverOwnReads(): Promise<void> {
  const server = createServer((accepted) => accepted.end()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const socket = connect(typeof address === 'object' && address !== null ? address.port : 0, '127.0.0.1')
  await once(socket, 'connect')
  withoutOwnReads(socket)
  socket.destroy()
  server.close()
}
