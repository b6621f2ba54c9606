import { NodeError } from './node-error.ts'

/** There is nothing of that name, or its owner is not here. */
export function noSuchServer(alias: string): NodeError {
  return new NodeError(
    'no-such-server',
    `no server "${alias}" can be reached now; "warren tools" lists those that can`,
  )
}

/** It is one of this node's own, and no rule shows it to the node itself. */
export function notShown(server: string): NodeError {
  const message = `no rule in force lets this node itself list what "${server}" offers: begin with a rule that permits \`list\` on Warren::Server::"${server}" and "warren reload"; what names the arguments of its tools comes after the pins`
  return new NodeError('call-refused', message)
}

/** Whether an error is the one of `noSuchServer`. */
export function isNoSuchServer(error: unknown): boolean {
  return error instanceof NodeError && error.code === 'no-such-server'
}
