import type { IncomingMessage } from 'node:http'
import { EntryError } from './entry-error.ts'

/** SHA-256 over one part: the only algorithm that the entry needs, lent by the crypto suite. */
export type Sha256 = (bytes: Uint8Array) => Uint8Array

const TOKEN_LENGTH_MAX = 512
const BEARER = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i

/** Knows the bearer tokens of the hosts, by their digests alone. */
export class TokenCheck {
  readonly #sha256: Sha256
  readonly #digests: readonly Uint8Array[]

  /** @throws EntryError `token-too-short` */
  constructor(tokens: readonly string[], sha256: Sha256, lengthMin: number) {
    if (tokens.length === 0 || tokens.some(({ length }) => length < lengthMin)) {
      throw new EntryError('token-too-short', `a token has at least ${lengthMin} characters`)
    }
    this.#sha256 = sha256
    this.#digests = tokens.map((token) => sha256(Buffer.from(token)))
  }

  /**
   * Which of the tokens a request carries, as an index. Takes the same time whichever it is, and
   * whether it is one of them at all.
   *
   * @throws EntryError `token-missing`, `token-wrong`
   */
  holderOf({ headers }: IncomingMessage): number {
    const { authorization = '' } = headers
    if (authorization === '') throw new EntryError('token-missing', 'a bearer token is required')
    const [, token = ''] =
      authorization.length > TOKEN_LENGTH_MAX ? [] : (BEARER.exec(authorization) ?? [])
    const digest = this.#sha256(Buffer.from(token))
    let holder = -1
    for (const [index, known] of this.#digests.entries()) {
      if (isEqual(digest, known)) holder = index
    }
    if (holder === -1) throw new EntryError('token-wrong', 'the bearer token is not valid here')
    return holder
  }
}

/** Compares digests of one length without stopping at the first difference. */
function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length
  for (const [index, byte] of a.entries()) difference |= byte ^ (b[index] ?? 0)
  return difference === 0
}
