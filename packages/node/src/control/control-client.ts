import { connect, type Socket } from 'node:net'
import type { JsonValue } from '@warren/core'
import { NodeError } from '../node-error.ts'
import { checkControlDirectory } from './check-control-directory.ts'
import {
  CONTROL_LINE_LENGTH_MAX,
  type ControlRequest,
  parseControlAnswer,
} from './control-protocol.ts'
import { readLine } from './line-reader.ts'

/** A refusal that the running node answered, with the node's own code. */
export class ControlRefusal extends Error {
  override readonly name = 'ControlRefusal'
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

/** Asks the running node for one thing and returns its answer. */
export async function askNode(path: string, request: ControlRequest): Promise<JsonValue> {
  const socket = await open(path)
  try {
    return await exchange(socket, request)
  } finally {
    socket.destroy()
  }
}

/** Turns a connection to the running node into a raw MCP pipe: newline-delimited JSON-RPC both ways. */
export async function openMcpPipe(path: string, server: string | undefined): Promise<Socket> {
  const socket = await open(path)
  try {
    await exchange(socket, { do: 'connect', ...(server === undefined ? {} : { server }) })
    return socket
  } catch (error) {
    socket.destroy()
    throw error
  }
}

async function exchange(socket: Socket, request: ControlRequest): Promise<JsonValue> {
  socket.write(`${JSON.stringify(request)}\n`)
  const answer = parseControlAnswer(await readLine(socket, CONTROL_LINE_LENGTH_MAX))
  if (!answer.ok) throw new ControlRefusal(answer.code, answer.message)
  return answer.value
}

async function open(path: string): Promise<Socket> {
  checkControlDirectory(path)
  const { promise, resolve, reject } = Promise.withResolvers<Socket>()
  const socket = connect(path)
  const onError = (cause: Error): void => {
    reject(
      new NodeError(
        'node-not-running',
        `no node listens on ${path}; start it with "warren up", or choose its --dir`,
        { cause },
      ),
    )
  }
  socket.once('error', onError)
  socket.once('connect', () => {
    socket.off('error', onError)
    resolve(socket)
  })
  return promise
}
