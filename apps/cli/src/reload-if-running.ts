import { askNode, NodeError } from '@warren/node/client'

/** Tells a running node to read its configuration again; false where none is running. */
export async function reloadIfRunning(socket: string): Promise<boolean> {
  try {
    await askNode(socket, { do: 'reload' })
    return true
  } catch (error) {
    if (error instanceof NodeError && error.code === 'node-not-running') return false
    throw error
  }
}
