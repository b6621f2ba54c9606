import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { CommandError } from './command-error.ts'

/** Asks for a passphrase on the terminal without showing what is typed. */
export async function promptPassphrase(question: string): Promise<Uint8Array> {
  process.stderr.write(question)
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true })
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  lines.once('line', resolve)
  // Ctrl+C and Ctrl+D: whoever leaves has not typed an empty passphrase.
  lines.once('close', () => {
    reject(new CommandError('passphrase-missing', 'no passphrase was given; nothing was done'))
  })
  try {
    return Buffer.from(await promise)
  } finally {
    lines.close()
    process.stderr.write('\n')
  }
}
