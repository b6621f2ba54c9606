import { connect, createServer, type Socket } from 'node:net'
import { startDelayRelay } from './delay-relay.ts'

const ECHOES = 100

/** What one byte there and back takes through a delay relay, in milliseconds, median: timers are never early, and always a little late. */
export async function echoRoundTripMs(delayMs: number): Promise<number> {
  const server = createServer((socket) => {
    socket.setNoDelay(true)
    socket.pipe(socket)
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  const relay = await startDelayRelay(
    typeof address === 'object' && address !== null ? address.port : 0,
    delayMs,
  )
  const socket = connect(relay.port, '127.0.0.1')
  socket.setNoDelay(true)
  const times: number[] = []
  for (let echo = 0; echo < ECHOES; echo += 1) times.push(await echoOnce(socket))
  socket.destroy()
  relay.stop()
  server.close()
  return times.toSorted((a, b) => a - b)[ECHOES >> 1] ?? Number.NaN
}

async function echoOnce(socket: Socket): Promise<number> {
  const from = performance.now()
  const answered = new Promise<void>((resolve) => {
    socket.once('data', () => resolve())
  })
  socket.write('x')
  await answered
  return performance.now() - from
}
