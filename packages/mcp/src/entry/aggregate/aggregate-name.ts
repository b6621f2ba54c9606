import type { Sha256 } from '../http/token-check.ts'

/** Hosts put up to 16 characters in front and take 64 in all. */
export const AGGREGATE_NAME_LENGTH_MAX = 48

const SEPARATOR = '__'
const LEGAL = /^[A-Za-z][A-Za-z0-9_-]*$/
const ILLEGAL = /[^A-Za-z0-9_-]/g
const DIGEST_LENGTH = 6
/** RFC 4648 §6, in lower case. */
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567'

/** What a name is made of, and nothing else: who is online plays no part. */
export interface NamedThing {
  readonly alias: string
  readonly did: string
  readonly server: string
  /** The tool's or prompt's own name. */
  readonly name: string
}

/**
 * The name under which a host sees a tool or prompt: `<alias>__<name>`.
 *
 * Where that would be too long, hold a character that hosts refuse, or be readable in two ways, it
 * is cut and ends in six characters of a digest of what it names. Names are looked up, never taken apart.
 */
export function aggregateName(thing: NamedThing, sha256: Sha256): string {
  const plain = `${thing.alias}${SEPARATOR}${thing.name}`
  if (plain.length <= AGGREGATE_NAME_LENGTH_MAX && LEGAL.test(plain) && isPlainAlias(thing.alias)) {
    return plain
  }
  const legal = plain.replaceAll(ILLEGAL, '_')
  const lettered = /^[A-Za-z]/.test(legal) ? legal : `w${legal}`
  const head = lettered.slice(0, AGGREGATE_NAME_LENGTH_MAX - DIGEST_LENGTH - 1)
  return `${head}_${digestOf(thing, sha256)}`
}

/** With such an alias the first separator ends it, so that two aliases never make one name. */
function isPlainAlias(alias: string): boolean {
  return !alias.includes(SEPARATOR) && !alias.endsWith('_')
}

function digestOf({ did, server, name }: NamedThing, sha256: Sha256): string {
  // A JSON array keeps the three apart, whatever characters they hold.
  const digest = sha256(Buffer.from(JSON.stringify([did, server, name])))
  let bits = 0n
  for (const byte of digest.subarray(0, 4)) bits = (bits << 8n) | BigInt(byte)
  const digits = Array.from({ length: DIGEST_LENGTH }, (_, index) => {
    const digit = Number((bits >> BigInt(27 - 5 * index)) & 31n)
    return BASE32.charAt(digit)
  })
  return digits.join('')
}
