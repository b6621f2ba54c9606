import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { readPrivateFile, readSharedFile } from '@warren/storage'
import { ExportError } from './export-error.ts'
import type { PlainTarget, TlsTarget } from './export-target.ts'

const CONNECT_MS = 10_000
const PEM_BYTES_MAX = 1_048_576

/**
 * A socket to a receiver, connected, and over TLS verified. Certificates are read each time: they may be replaced.
 *
 * @throws ExportError `receiver-unreachable`, `credentials-unreadable`
 */
export async function connectReceiver(
  target: PlainTarget | TlsTarget,
  signal: AbortSignal,
): Promise<Socket> {
  const { host, port } = target
  const credentials = 'ca' in target ? await readCredentials(target) : undefined
  const socket = connectTcp({ host, port, allowHalfOpen: true })
  await connected(socket, 'connect', signal)
  if (credentials === undefined || !('ca' in target)) return socket
  socket.on('error', () => {
    // Told by the socket over it.
  })
  const name = target.serverName ?? host
  const secured = connectTls({
    socket,
    ...credentials,
    host: name,
    // RFC 6066 §3 knows no addresses as server names; they are compared with the certificate all the same.
    ...(isIP(name) === 0 ? { servername: name } : {}),
    minVersion: 'TLSv1.2',
  })
  await connected(secured, 'secureConnect', signal)
  return secured
}

async function readCredentials({
  ca,
  cert,
  key,
}: TlsTarget): Promise<{ ca: string; cert?: string; key?: Buffer }> {
  try {
    const trusted = { ca: await readSharedFile(ca, PEM_BYTES_MAX) }
    if (cert === undefined || key === undefined) return trusted
    return {
      ...trusted,
      cert: await readSharedFile(cert, PEM_BYTES_MAX),
      key: Buffer.from(await readPrivateFile(key, PEM_BYTES_MAX)),
    }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : 'unknown'
    throw new ExportError('credentials-unreadable', reason, { cause })
  }
}

async function connected(
  socket: Socket,
  event: 'connect' | 'secureConnect',
  signal: AbortSignal,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const abort = AbortSignal.any([signal, AbortSignal.timeout(CONNECT_MS)])
  const onAbort = (): void => reject(new Error(`no connection within ${CONNECT_MS} ms`))
  abort.addEventListener('abort', onAbort)
  socket.once(event, resolve)
  socket.once('error', reject)
  socket.once('close', () => reject(new Error('the receiver closed the connection')))
  try {
    if (abort.aborted) onAbort()
    await promise
  } catch (cause) {
    socket.on('error', () => {
      // It is not used any more.
    })
    socket.destroy()
    const reason = cause instanceof Error ? cause.message : 'unknown'
    throw new ExportError('receiver-unreachable', reason, { cause })
  } finally {
    abort.removeEventListener('abort', onAbort)
  }
}
