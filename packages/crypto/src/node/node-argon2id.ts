import { argon2 } from 'node:crypto'
import type { Argon2idInput } from '../crypto-suite.ts'
import { requireArgon2idLimits } from '../derivation-limits.ts'
import { plainBytes } from './plain-bytes.ts'

/** Runs on the thread pool; it cannot be stopped half-way, the limits bound how long it takes. */
export async function argon2id(input: Argon2idInput): Promise<Uint8Array> {
  requireArgon2idLimits(input)
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
  const parameters = {
    message: input.password,
    nonce: input.salt,
    memory: input.memoryKib,
    passes: input.passes,
    parallelism: input.lanes,
    tagLength: input.length,
  }
  argon2('argon2id', parameters, (error, derived) => {
    if (error === null) resolve(plainBytes(derived))
    else reject(error)
  })
  return promise
}
