import type { KnownSigner } from '../note/hybrid-keys.ts'
import { parseDecimal } from '../note/note-text.ts'
import { policyMalformed } from './policy-malformed.ts'
import type { QuorumPart } from './trust-policy.ts'
import type { VerifierKey } from './verifier-key.ts'

/** The names that a policy has defined so far, and what they stand for. */
export class PolicyNames {
  readonly #keys = new Map<string, VerifierKey>()
  readonly #parts = new Map<string, QuorumPart>()
  readonly #members = new Set<string>()
  readonly cosigners: KnownSigner[] = []

  /** Defines the name of one key of a cosigner. */
  addKey(name: string | undefined, key: VerifierKey): void {
    this.#keys.set(this.#fresh(name), key)
  }

  /** Defines a group: both keys of one cosigner, or of cosigners and groups as many as the threshold says. */
  addGroup(name: string | undefined, thresholdText: string, members: readonly string[]): void {
    const fresh = this.#fresh(name)
    const threshold = parseThreshold(thresholdText, members.length)
    for (const member of members) {
      if (this.#members.has(member)) throw policyMalformed('a name is a member twice')
      this.#members.add(member)
    }
    const isOfKeys = members.some((member) => this.#keys.has(member))
    const part = isOfKeys
      ? this.#cosigner(threshold, members)
      : { threshold, members: members.map((member) => this.part(member)) }
    this.#parts.set(fresh, part)
  }

  /** What counts under a name: a cosigner with both keys, or a group of such. */
  part(name: string): QuorumPart {
    const part = this.#parts.get(name)
    if (part === undefined)
      throw policyMalformed('a name stands for no group that is defined above')
    return part
  }

  #cosigner(threshold: number, members: readonly string[]): QuorumPart {
    const keys = members.map((member) => this.#keys.get(member))
    const classical = keys.find((key) => key?.type === 'ed25519-cosignature')
    const postQuantum = keys.find((key) => key?.type === 'ml-dsa-44')
    const isPair = threshold === 2 && keys.length === 2
    if (!isPair || classical === undefined || classical.name !== postQuantum?.name) {
      throw policyMalformed(
        'a witness counts in a group of all its keys: one Ed25519, one ML-DSA-44',
      )
    }
    const pair = { ed25519: classical.publicKey, mlDsa44: postQuantum.publicKey }
    this.cosigners.push({ name: classical.name, keys: [pair] })
    return { cosigner: classical.name }
  }

  #fresh(name: string | undefined): string {
    const isTaken = name === undefined || this.#keys.has(name) || this.#parts.has(name)
    if (isTaken || name === 'none') throw policyMalformed('a name is missing or taken')
    return name
  }
}

function parseThreshold(text: string, count: number): number {
  const threshold = text === 'any' ? 1 : text === 'all' ? count : parseDecimal(text)
  if (threshold === undefined || threshold < 1 || threshold > count) {
    throw policyMalformed('a group needs "any", "all", or a number from 1 to that of its members')
  }
  return threshold
}
