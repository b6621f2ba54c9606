import { chmodSync, readFileSync } from 'node:fs'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { createServer as createTlsServer } from 'node:tls'
import type { ExportTarget } from '@warren/node'
import { expect, onTestFinished, test } from 'vitest'
import { makeCertificates } from '../performance/certificates.ts'
import {
  HEAD,
  arrivals,
  exporting,
  openLog,
  temporaryDirectory,
  until,
  untilArrived,
  untilFailing,
} from './support/siem.ts'

function certificates(): string | undefined {
  return makeCertificates(temporaryDirectory())
}

interface TlsReceiver {
  readonly port: number
  readonly text: () => string
}

async function tlsReceiver(directory: string): Promise<TlsReceiver> {
  let text = ''
  const at = (name: string): Buffer => readFileSync(join(directory, name))
  const server = createTlsServer({
    key: at('server.key'),
    cert: at('server.crt'),
    allowHalfOpen: false,
  })
  server.on('secureConnection', (socket) => {
    socket.on('data', (chunk) => {
      text += chunk.toString('utf8')
    })
    socket.on('error', () => {
      // The sender gave up.
    })
  })
  server.on('tlsClientError', () => {
    // The sender did not trust this receiver.
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return { port: address.port, text: () => text }
}

test(
  'a receiver over TLS gets the log when it proves its name, and nothing when it does not',
  { tags: ['AEX-9', 'THR-40'] },
  async ({ skip }) => {
    const [own, other] = [certificates(), certificates()]
    if (own === undefined || other === undefined) {
      skip('no openssl command here')
      return
    }
    const { port, text } = await tlsReceiver(own)
    const log = await openLog(2)
    const target = { ...HEAD, transport: 'tls', port, ca: join(own, 'ca.crt') } as const
    for (const wrong of [
      { ...target, ca: join(other, 'ca.crt') },
      { ...target, serverName: 'siem.plant' },
    ]) {
      const { siem } = await exporting({ log, target: wrong })
      await untilFailing(siem, 'receiver-unreachable')
      await siem.stop()
    }
    const key = join(own, 'client.key')
    chmodSync(key, 0o644)
    const open = await exporting({ log, target: { ...target, cert: join(own, 'client.crt'), key } })
    await untilFailing(open.siem, 'credentials-unreadable')
    await open.siem.stop()
    expect(text()).toBe('')

    const { siem } = await exporting({ log, target: { ...target, serverName: 'localhost' } })
    await untilArrived(siem)
    expect(arrivals(text().split('\n').slice(0, -1))).toEqual(['0', '1'])
  },
)

/** Says `replies` to a sender of RELP, one for each chunk that comes. */
async function relpReceiver(replies: readonly string[]): Promise<number> {
  const server = createServer((socket) => {
    const left = [...replies]
    socket.on('data', () => socket.write(left.shift() ?? ''))
    socket.on('error', () => {
      // The sender gave up.
    })
    onTestFinished(() => {
      socket.destroy()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

const AGREED = '1 rsp 6 200 OK\n'

test.for([
  [['HTTP/1.1 400 Bad Request\r\n\r\n'], 'receiver-refused'],
  [['1 rsp 9 500 error\n'], 'receiver-refused'],
  [['2 rsp 6 200 OK\n'], 'receiver-refused'],
  [['1 rsp 4 2000\n'], 'receiver-refused'],
  [[`1 rsp 99999 ${'x'.repeat(70_000)}`], 'receiver-refused'],
  [[''], 'receiver-silent'],
  [[AGREED, '2 rsp 9 500 error\n'], 'receiver-refused'],
  [[AGREED, '2 rsp 6 200 OK\n2 rsp 6 200 OK\n'], 'receiver-refused'],
  [[AGREED, '0 serverclose 0\n'], 'receiver-closed'],
  [[AGREED, '2 rsp 6 200'], 'receiver-silent'],
] as const)(
  'a receiver of RELP that answers %j has taken nothing',
  { tags: ['AEX-10'] },
  async ([replies, code]) => {
    const port = await relpReceiver(replies)
    const log = await openLog(2)
    const { siem } = await exporting({
      log,
      target: { ...HEAD, format: 'syslog', transport: 'relp', port },
      limits: { windowMs: 2_000, retryMsMin: 1_000, retryMsMax: 1_000 },
    })
    await untilFailing(siem, code)
    expect(siem.status()).toMatchObject([{ behind: 2 }])
  },
)

test(
  'a receiver of RELP that accepts each message has taken them',
  { tags: ['AEX-10'] },
  async () => {
    const port = await relpReceiver([AGREED, '2 rsp 6 200 OK\n3 rsp 3 200\n'])
    const log = await openLog(2)
    const target: ExportTarget = { ...HEAD, format: 'syslog', transport: 'relp', port }
    const { siem } = await exporting({ log, target })
    await untilArrived(siem)
    expect(siem.status()).toMatchObject([{ behind: 0, trouble: null }])
  },
)

test(
  'what a receiver of RELP acknowledged comes again, marked, when it dies before that counts and nothing is written',
  { tags: ['AEX-1', 'AEX-2'] },
  async () => {
    const receiver = await mortalRelpReceiver()
    const log = await openLog(3)
    const target: ExportTarget = {
      ...HEAD,
      format: 'syslog',
      transport: 'relp',
      port: receiver.port,
    }
    const { siem } = await exporting({ log, target })
    await untilArrived(siem)
    expect(receiver.memory).toEqual(['0', '1', '2'])
    receiver.die()
    await until(() => receiver.memory.length === 3, 'they have come again')
    expect(receiver.memory).toEqual(['0 again', '1 again', '2 again'])
  },
)

interface MortalReceiver {
  readonly port: number
  /** What it has acknowledged and holds in memory alone, by place. */
  readonly memory: string[]
  /** Ends it with its memory; another one is there at once. */
  readonly die: () => void
}

/** Acknowledges every message of RELP as soon as it is whole. */
async function mortalRelpReceiver(): Promise<MortalReceiver> {
  const memory: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    let waiting = ''
    socket.on('data', (chunk) => {
      waiting += chunk.toString('latin1')
      for (;;) {
        const [head, txnr, , length] = /^(\d+) (\w+) (\d+) /.exec(waiting) ?? []
        if (head === undefined || waiting.length <= head.length + Number(length)) return
        const data = waiting.slice(head.length, head.length + Number(length))
        waiting = waiting.slice(head.length + Number(length) + 1)
        const seq = / seq="(\d+)"/.exec(data)?.[1]
        if (seq !== undefined) memory.push(`${seq}${data.includes(' resent="1"') ? ' again' : ''}`)
        socket.write(`${txnr} rsp 6 200 OK\n`)
      }
    })
    socket.on('error', () => {
      // The sender gave up.
    })
  })
  const die = (): void => {
    memory.length = 0
    for (const socket of sockets) socket.destroy()
    sockets.clear()
  }
  onTestFinished(() => {
    die()
    server.close()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return { port: address.port, memory, die }
}
