import type { Socket } from 'node:net'
import { NodeError } from '../node-error.ts'

const NEWLINE = 0x0a

/**
 * Reads one newline-ended line from a socket and leaves everything behind it unread.
 *
 * @throws NodeError `control-too-long` past the limit, `control-closed` at an end before the newline.
 */
export function readLine(socket: Socket, bytesMax: number): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const chunks: Buffer[] = []
  let length = 0

  const finish = (): void => {
    socket.off('readable', onReadable)
    socket.off('end', onEnd)
    socket.off('close', onEnd)
    socket.off('error', onError)
  }
  const fail = (error: Error): void => {
    finish()
    reject(error)
  }
  const onEnd = (): void => {
    fail(new NodeError('control-closed', 'the other side closed the connection before it answered'))
  }
  const onError = (error: Error): void => {
    fail(new NodeError('control-closed', 'the connection to the node broke', { cause: error }))
  }
  const onReadable = (): void => {
    for (let chunk = take(socket); chunk !== undefined; chunk = take(socket)) {
      const newline = chunk.indexOf(NEWLINE)
      const part = newline === -1 ? chunk : chunk.subarray(0, newline)
      chunks.push(part)
      length += part.length
      if (length > bytesMax) {
        fail(new NodeError('control-too-long', `a line has at most ${bytesMax} bytes`))
        return
      }
      if (newline !== -1) {
        finish()
        const rest = chunk.subarray(newline + 1)
        if (rest.length > 0) socket.unshift(rest)
        resolve(Buffer.concat(chunks).toString('utf8'))
        return
      }
    }
  }
  socket.on('readable', onReadable)
  socket.on('end', onEnd)
  socket.on('close', onEnd)
  socket.on('error', onError)
  return promise
}

function take(socket: Socket): Buffer | undefined {
  const chunk: unknown = socket.read()
  return Buffer.isBuffer(chunk) ? chunk : undefined
}
