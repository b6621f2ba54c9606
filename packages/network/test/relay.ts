import { connect, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

export interface Relay {
  /** The target's address with our port: what the victim dials. */
  readonly address: string
  /** Everything that has gone through, in both directions. */
  readonly captured: readonly Buffer[]
  readonly openSockets: () => number
  /** Destroys every connection, as a killed process or a pulled cable with a reset would. */
  readonly cut: () => void
  /** Lets nothing through any more and says nothing about it. */
  readonly freeze: () => void
  /** As `freeze`, and keeps from each side that the other has gone, as a pulled cable would. */
  readonly hang: () => void
}

/** Changes what goes from the dialler to the target, or back. Returns the bytes to pass on. */
export type Tamper = (bytes: Buffer, direction: 'forth' | 'back') => Buffer

/** A machine in the middle of a TCP connection. */
export async function relay(target: string, tamper: Tamper = (bytes) => bytes): Promise<Relay> {
  const [, , host = '', , port = ''] = target.split('/')
  const sockets = new Set<Socket>()
  const captured: Buffer[] = []
  let frozen = false
  let hanging = false
  const pass = (from: Socket, to: Socket, direction: 'forth' | 'back'): void => {
    sockets.add(from)
    from.on('data', (bytes: Buffer) => {
      captured.push(bytes)
      if (!frozen) to.write(tamper(bytes, direction))
    })
    from.on('error', () => {
      if (!hanging) to.destroy()
    })
    from.on('close', () => {
      sockets.delete(from)
      if (!hanging) to.end()
    })
  }
  const server = createServer((near) => {
    const far = connect(Number(port), host)
    pass(near, far, 'forth')
    pass(far, near, 'back')
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const bound = server.address()
  if (bound === null || typeof bound === 'string') throw new Error('no port')
  return {
    address: target.replace(`/tcp/${port}`, `/tcp/${bound.port}`),
    captured,
    openSockets: () => sockets.size / 2,
    cut: () => {
      for (const socket of sockets) socket.resetAndDestroy()
    },
    freeze: () => {
      frozen = true
    },
    hang: () => {
      frozen = true
      hanging = true
    },
  }
}
