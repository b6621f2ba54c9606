import { NodeError } from './node-error.ts'

/** There is nothing of that name, or its owner is not here. */
export function noSuchServer(alias: string): NodeError {
  return new NodeError(
    'no-such-server',
    `no server "${alias}" can be reached now; "warren tools" lists those that can`,
  )
}
