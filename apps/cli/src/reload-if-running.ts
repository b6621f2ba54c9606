import { askNode, NodeError } from '@warren/node/client'

/** Tells a running node to read its configuration again; false where none is running. */
export function reloadIfRunning(socket: string): Promise<boolean> {
  return isAnswered(socket, 'reload')
}

/** Whether a node is running, which is asked nothing more. */
export function isRunning(socket: string): Promise<boolean> {
  return isAnswered(socket, 'status')
}

async function isAnswered(socket: string, what: 'reload' | 'status'): Promise<boolean> {
  try {
    await askNode(socket, { do: what })
    return true
  } catch (error) {
    if (error instanceof NodeError && error.code === 'node-not-running') return false
    throw error
  }
}
