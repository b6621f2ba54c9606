import { renameSync } from 'node:fs'
import { createConnection, createServer, type Socket } from 'node:net'
import { join } from 'node:path'

/** A control socket in front of a node's own that hangs up on one kind of request. */
export interface DeafControl {
  /** The node's own socket is back in its place when this resolves. */
  stop(): Promise<void>
}

/** Stands before the control socket of a running node, passes everything on, and hangs up on requests to `deafTo`. */
export async function deafControl(directory: string, deafTo: string): Promise<DeafControl> {
  const [socket, moved] = [join(directory, 'warren.sock'), join(directory, 'moved.sock')]
  renameSync(socket, moved)
  const open = new Set<Socket>()
  const server = createServer((client) => {
    const node = createConnection(moved)
    for (const end of [client, node]) {
      open.add(end)
      end.once('close', () => {
        open.delete(end)
        client.destroy()
        node.destroy()
      })
      // Whoever was hung up on says so itself.
      end.on('error', () => undefined)
    }
    client.on('data', (bytes: Buffer) => {
      if (bytes.includes(`"do":"${deafTo}"`)) client.destroy()
      else node.write(bytes)
    })
    node.pipe(client)
  })
  await new Promise<void>((resolve) => server.listen(socket, resolve))
  return {
    stop: async () => {
      for (const end of open) end.destroy()
      await new Promise((resolve) => server.close(resolve))
      renameSync(moved, socket)
    },
  }
}
