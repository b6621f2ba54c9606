import { once } from 'node:events'
import type { ChildProcess } from 'node:child_process'
import type { Host } from '@warren/netlab'
import { labSupport } from '@warren/netlab'

export const PORT = 7000
const CONNECT_MS_MAX = 500

const support = labSupport()
export const skipped: boolean = !support.available
export const withoutLatency: boolean = skipped || !(support.available && support.latency)
if (!support.available) console.log(`skipped, no network labs here: ${support.reason}`)

/** Starts a program on a host and waits for the line "ready". */
export async function start(host: Host, script: string): Promise<ChildProcess> {
  const child = host.spawn([process.execPath, '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (child.stdout === null) throw new Error('the program has no output')
  await once(child.stdout, 'data')
  return child
}

/** Answers every connection with the name of the host. */
export async function answer(host: Host): Promise<void> {
  await start(
    host,
    `require('node:net').createServer((socket) => socket.end('${host.name}'))
      .listen(${PORT}, '::', () => console.log('ready'))`,
  )
}

/** What answers at an address: a host's name, or nothing. */
export async function whoAnswers(from: Host, address: string | undefined): Promise<string> {
  const script = `
    const socket = require('node:net').connect({ host: '${address}', port: ${PORT} })
    socket.setTimeout(${CONNECT_MS_MAX}, () => process.exit(0))
    socket.on('error', () => process.exit(0)).pipe(process.stdout)
  `
  const { stdout } = await from.exec([process.execPath, '-e', script])
  return stdout
}

export async function sh(host: Host, script: string): Promise<string> {
  const { stdout } = await host.exec(['sh', '-c', script])
  return stdout
}
