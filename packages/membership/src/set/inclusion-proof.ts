import type { CryptoSuite } from '@warren/crypto'
import { fromString } from 'uint8arrays/from-string'
import { toString } from 'uint8arrays/to-string'
import { MembershipError } from '../membership-error.ts'
import {
  ABSENT,
  branchDigest,
  DIGEST_BYTES,
  digitAt,
  FANOUT,
  leafDigest,
  trieKey,
} from './trie-digest.ts'

/**
 * What stands beside the way from the root of an `IdTrie` to one element: a text with a part for each branch, the root's first.
 *
 * A part is four hexadecimal digits, whose bits say which of the 16 children there are (the lowest bit is child 0), and the
 * digests of those of them that the way does not go through. There is one such text for an element of a set, and no other.
 */
export type InclusionProof = string

const SEPARATOR = '.'
const MASK_DIGITS = 4
const DIGEST_DIGITS = 2 * DIGEST_BYTES
const NO_CHILD = '0'.repeat(DIGEST_DIGITS)
/** A key has no more digits to branch by. */
const BRANCHES_MAX = DIGEST_DIGITS
const PART_LENGTH_MAX = MASK_DIGITS + (FANOUT - 1) * DIGEST_DIGITS
/** Characters of one proof. */
export const PROOF_LENGTH_MAX: number = BRANCHES_MAX * (PART_LENGTH_MAX + 1) - 1
const PART_PATTERN = /^[\da-f]{4}(?:[\da-f]{64})*$/

/** A branch on the way to an element: the digests of its children, and the one that the way goes through. */
export interface BranchOnTheWay {
  readonly children: readonly Uint8Array[]
  readonly through: number
}

/** Writes what stands beside the way, from the root on. */
export function writeInclusion(way: readonly BranchOnTheWay[]): InclusionProof {
  return way.map(writePart).join(SEPARATOR)
}

function writePart({ children, through }: BranchOnTheWay): string {
  const digests = children.map((child) => toString(child, 'hex'))
  const mask = digests.reduce(
    (bits, digest, at) => (digest === NO_CHILD ? bits : bits | (1 << at)),
    0,
  )
  const beside = digests.filter((digest, at) => at !== through && digest !== NO_CHILD)
  return `${mask.toString(16).padStart(MASK_DIGITS, '0')}${beside.join('')}`
}

/** What is said to be in a set of which nothing but the root is known. */
export interface InclusionClaim {
  readonly suite: CryptoSuite
  /** 64 hexadecimal digits. */
  readonly root: string
  readonly id: string
  readonly proof: InclusionProof
}

/**
 * Verifies that an id is in the set to which a root commits.
 *
 * @throws MembershipError `inclusion-unproved`
 */
export function verifyInclusion({ suite, root, id, proof }: InclusionClaim): void {
  const key = trieKey(suite, id)
  const parts = partsOf(proof)
  let digest = leafDigest(suite, key)
  for (let depth = parts.length - 1; depth >= 0; depth -= 1) {
    const through = digitAt(key, depth)
    const beside = readPart(parts[depth] ?? '', through)
    // What holds one element alone is a leaf: the last branch has another beside it.
    if (depth === parts.length - 1 && beside.size === 0)
      throw unproved('its last branch has one child')
    const own = digest
    const children = Array.from({ length: FANOUT }, (_, at) =>
      at === through ? own : (beside.get(at) ?? ABSENT),
    )
    digest = branchDigest(suite, children)
  }
  if (toString(digest, 'hex') !== root) throw unproved('it leads to another root')
}

function partsOf(proof: InclusionProof): readonly string[] {
  if (proof.length > PROOF_LENGTH_MAX) throw unproved('it is too long')
  const parts = proof === '' ? [] : proof.split(SEPARATOR)
  if (parts.length > BRANCHES_MAX) throw unproved('it has too many branches')
  return parts
}

/** The digests beside the way, by the child that they are of. */
function readPart(part: string, through: number): ReadonlyMap<number, Uint8Array> {
  if (!PART_PATTERN.test(part)) throw unproved('it has the wrong form')
  const mask = Number.parseInt(part.slice(0, MASK_DIGITS), 16)
  const there = Array.from({ length: FANOUT }, (_, at) => at).filter(
    (at) => (mask & (1 << at)) !== 0,
  )
  const beside = there.filter((at) => at !== through)
  const isWhole = part.length === MASK_DIGITS + beside.length * DIGEST_DIGITS
  if (beside.length === there.length || !isWhole) throw unproved('it does not name its children')
  return new Map(beside.map((at, index) => [at, digestIn(part, index)]))
}

function digestIn(part: string, index: number): Uint8Array {
  const from = MASK_DIGITS + index * DIGEST_DIGITS
  const digest = part.slice(from, from + DIGEST_DIGITS)
  if (digest === NO_CHILD) throw unproved('it names a child that is not there')
  return fromString(digest, 'hex')
}

function unproved(why: string): MembershipError {
  return new MembershipError(
    'inclusion-unproved',
    `the proof that something is in a set is none: ${why}`,
  )
}
