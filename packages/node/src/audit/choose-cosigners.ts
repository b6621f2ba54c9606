import type { CryptoSuite } from '@warren/crypto'
import { toString } from 'uint8arrays/to-string'

/** Somebody who can be asked to cosign. */
export interface Candidate {
  readonly did: string
  readonly enclave: string
}

/**
 * Whom a node asks to cosign its log: those whom it asked before, as long as they are there, and then others of enclaves
 * that nobody is of yet, its own last.
 *
 * Among equals a hash of both decides: the same ones each time, and nobody can make an identity that is first for all.
 */
export function chooseCosigners(
  suite: Pick<CryptoSuite, 'sha256'>,
  self: Candidate,
  wish: {
    readonly candidates: readonly Candidate[]
    readonly before: readonly string[]
    readonly countMax: number
  },
): readonly string[] {
  const { candidates, before, countMax } = wish
  const chosen = candidates.filter(({ did }) => before.includes(did)).slice(0, countMax)
  const open = candidates
    .filter((each) => each.did !== self.did && !chosen.includes(each))
    .map((each) => ({ each, rank: rankOf(suite, self.did, each.did) }))
    .toSorted((a, b) => (a.rank < b.rank ? -1 : 1))
    .map(({ each }) => each)
  while (chosen.length < countMax) {
    const next = open.toSorted((a, b) => crowd(a) - crowd(b))[0]
    if (next === undefined) break
    open.splice(open.indexOf(next), 1)
    chosen.push(next)
  }
  return chosen.map(({ did }) => did)

  function crowd({ enclave }: Candidate): number {
    const own = enclave === self.enclave ? 0.5 : 0
    return chosen.filter((each) => each.enclave === enclave).length + own
  }
}

function rankOf(suite: Pick<CryptoSuite, 'sha256'>, self: string, did: string): string {
  return toString(suite.sha256(Buffer.from(`${self} ${did}`)), 'hex')
}
