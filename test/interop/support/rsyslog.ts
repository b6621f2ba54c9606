import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { onTestFinished } from 'vitest'
import { makeCertificates } from '../../performance/certificates.ts'

const STARTING_MS = 20_000
const MODULES = [
  '/usr/lib/x86_64-linux-gnu/rsyslog',
  '/usr/lib/aarch64-linux-gnu/rsyslog',
  '/usr/lib64/rsyslog',
]
/** How a message of a log begins, as no text in these tests does. */
const BEGINNING = /<1\d\d>1 \d{4}-/g
const PROGRAM = ['/usr/sbin/rsyslogd', '/usr/bin/rsyslogd'].find((path) => existsSync(path))

/** Whether this machine has rsyslog with these modules. */
export function hasRsyslog(...modules: readonly string[]): boolean {
  return (
    PROGRAM !== undefined &&
    modules.every((name) => MODULES.some((path) => existsSync(join(path, `${name}.so`))))
  )
}

export type Input = 'tcp' | 'tls' | 'relp' | 'relp-tls'

/** A real rsyslog that writes what it receives, as it was, to a file, before it takes more. */
export class Rsyslog {
  readonly port: number
  readonly directory: string
  readonly #config: string
  readonly #out: string
  #process: ChildProcess | undefined

  private constructor(directory: string, port: number, input: Input) {
    this.port = port
    this.directory = directory
    this.#out = join(directory, 'out.log')
    this.#config = join(directory, 'rsyslog.conf')
    writeFileSync(this.#config, configOf({ directory, port, input, out: this.#out }))
  }

  /** Starts one that listens on a free port of the loopback address; certificates lie in the directory. */
  static async start(directory: string, input: Input): Promise<Rsyslog> {
    if (input.endsWith('tls') && makeCertificates(directory) === undefined) {
      throw new Error('no openssl command here')
    }
    const rsyslog = new Rsyslog(directory, await freePort(), input)
    const checked = spawnSync(PROGRAM ?? '', ['-N1', '-f', rsyslog.#config], { encoding: 'utf8' })
    if (checked.status !== 0) throw new Error(checked.stderr)
    onTestFinished(async () => rsyslog.stop('SIGKILL'))
    await rsyslog.start()
    return rsyslog
  }

  async start(): Promise<void> {
    const args = ['-n', '-iNONE', '-f', this.#config]
    this.#process = spawn(PROGRAM ?? '', args, { stdio: 'ignore' })
    const untilMs = performance.now() + STARTING_MS
    while (!(await isListening(this.port))) {
      if (performance.now() > untilMs) throw new Error('rsyslog does not listen')
      await pause(20)
    }
  }

  async stop(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#process
    this.#process = undefined
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    child.kill(signal)
    await once(child, 'exit')
  }

  /** The messages that it has written; what a kill has left of one is none, even where another stands behind it. */
  messages(): readonly string[] {
    if (!existsSync(this.#out)) return []
    const lines = readFileSync(this.#out, 'utf8').split('\n')
    return lines.slice(0, -1).map((line) => line.slice([...line.matchAll(BEGINNING)].at(-1)?.index))
  }
}

interface ConfigInit {
  readonly directory: string
  readonly port: number
  readonly input: Input
  readonly out: string
}

function configOf({ directory, port, input, out }: ConfigInit): string {
  const at = (name: string): string => join(directory, name)
  const listen = `port="${port}" address="127.0.0.1" ruleset="keep"`
  const relpTls = `tls="on" tls.authMode="certvalid" tls.permittedPeer=["client"] tls.caCert="${at('ca.crt')}" tls.myCert="${at('server.crt')}" tls.myPrivKey="${at('server.key')}"`
  const tls = `defaultNetstreamDriver="ossl" defaultNetstreamDriverCAFile="${at('ca.crt')}" defaultNetstreamDriverCertFile="${at('server.crt')}" defaultNetstreamDriverKeyFile="${at('server.key')}"`
  const isRelp = input.startsWith('relp')
  return [
    `global(workDirectory="${directory}" maxMessageSize="512k" ${input === 'tls' ? tls : ''})`,
    isRelp ? `module(load="imrelp" ${input === 'relp-tls' ? 'tls.tlslib="openssl"' : ''})` : '',
    input === 'tcp' ? 'module(load="imtcp")' : '',
    input === 'tls'
      ? 'module(load="imtcp" streamDriver.name="ossl" streamDriver.mode="1" streamDriver.authMode="x509/certvalid")'
      : '',
    String.raw`template(name="raw" type="string" string="%rawmsg%\n")`,
    `ruleset(name="keep" queue.type="Direct") { action(type="omfile" file="${out}" template="raw") }`,
    isRelp
      ? `input(type="imrelp" ${listen} maxDataSize="512k" ${input === 'relp-tls' ? relpTls : ''})`
      : `input(type="imtcp" ${listen})`,
    '',
  ].join('\n')
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect({ host: '127.0.0.1', port })
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
