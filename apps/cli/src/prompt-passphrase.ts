import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'

/** Asks for a passphrase on the terminal without showing what is typed. */
export async function promptPassphrase(question: string): Promise<Uint8Array> {
  process.stderr.write(question)
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true })
  const { promise, resolve } = Promise.withResolvers<string>()
  lines.once('line', resolve)
  lines.once('close', () => resolve(''))
  const answer = await promise
  lines.close()
  process.stderr.write('\n')
  return Buffer.from(answer)
}
