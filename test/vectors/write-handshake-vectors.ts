import { writeFileSync } from 'node:fs'
import { generateVectors, vectorPath } from './handshake-vector-files.ts'

/** Writes test/vectors/handshake anew, to be formatted by `pnpm format`: only when the protocol itself has changed. */
for (const [name, vector] of generateVectors()) {
  writeFileSync(vectorPath(name), JSON.stringify(vector, undefined, 2))
}
