/**
 * - `public`: of the public internet, by the IANA registries of special-purpose addresses (RFC 6890)
 * - `loopback`, `link-local`: what the words say
 * - `private`: everything else
 */
export type AddressClass = 'public' | 'loopback' | 'link-local' | 'private'

/** A block of addresses: its first one, the length of its prefix, and what it is. */
type Block = readonly [first: string, prefix: number, kind: AddressClass]

const V4_BITS = 32n
const V6_BITS = 128n
/** The longest prefix first, where two of them cover an address. */
const V4_BLOCKS: readonly Block[] = [
  ['127.0.0.0', 8, 'loopback'],
  ['169.254.0.0', 16, 'link-local'],
  ['0.0.0.0', 8, 'private'],
  ['10.0.0.0', 8, 'private'],
  ['100.64.0.0', 10, 'private'],
  ['172.16.0.0', 12, 'private'],
  ['192.0.0.0', 24, 'private'],
  ['192.0.2.0', 24, 'private'],
  ['192.88.99.0', 24, 'private'],
  ['192.168.0.0', 16, 'private'],
  ['198.18.0.0', 15, 'private'],
  ['198.51.100.0', 24, 'private'],
  ['203.0.113.0', 24, 'private'],
  ['224.0.0.0', 3, 'private'],
]
const V6_BLOCKS: readonly Block[] = [
  ['::1', 128, 'loopback'],
  ['fe80::', 10, 'link-local'],
  ['2001::', 23, 'private'],
  ['2001:db8::', 32, 'private'],
  ['3fff::', 20, 'private'],
  ['2000::', 3, 'public'],
]
/** Blocks that carry an IPv4 address, and how many bits stand behind it. */
const CARRIERS: readonly (readonly [first: string, prefix: number, behind: bigint])[] = [
  ['::ffff:0:0', 96, 0n],
  ['::ffff:0:0:0', 96, 0n],
  ['64:ff9b::', 96, 0n],
  ['2002::', 16, 80n],
]

/** Says what an IP address is, as text; whatever is no address is private, so that no rule lets it through. */
export function classifyAddress(text: string): AddressClass {
  const v4 = parseV4(text)
  if (v4 !== undefined) return classifyV4(v4)
  const v6 = parseV6(text)
  return v6 === undefined ? 'private' : classifyV6(v6)
}

/** Tells an IP address in its usual notation from every other text. */
export function isAddress(text: string): boolean {
  return parseV4(text) !== undefined || parseV6(text) !== undefined
}

function classifyV4(address: bigint): AddressClass {
  const block = V4_BLOCKS.find(([first, prefix]) =>
    isIn(address, { first: parseV4(first), prefix, bits: V4_BITS }),
  )
  return block?.[2] ?? 'public'
}

function classifyV6(address: bigint): AddressClass {
  const carrier = CARRIERS.find(([first, prefix]) =>
    isIn(address, { first: parseV6(first), prefix, bits: V6_BITS }),
  )
  if (carrier !== undefined) return classifyV4((address >> carrier[2]) & 0xff_ff_ff_ffn)
  const block = V6_BLOCKS.find(([first, prefix]) =>
    isIn(address, { first: parseV6(first), prefix, bits: V6_BITS }),
  )
  return block?.[2] ?? 'private'
}

function isIn(
  address: bigint,
  { first, prefix, bits }: { first: bigint | undefined; prefix: number; bits: bigint },
): boolean {
  const behind = bits - BigInt(prefix)
  return first !== undefined && address >> behind === first >> behind
}

function parseV4(text: string): bigint | undefined {
  const parts = text.split('.')
  const isQuad = parts.length === 4 && parts.every((part) => /^(?:0|[1-9][0-9]{0,2})$/.test(part))
  if (!isQuad || parts.some((part) => Number(part) > 255)) return undefined
  return parts.reduce((address, part) => (address << 8n) | BigInt(part), 0n)
}

/** RFC 4291 §2.2: eight groups, `::` for a run of zeros, an IPv4 tail. A zone is no part of an address. */
function parseV6(text: string): bigint | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [head, tail] = halves.map(groupsOf)
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined
  const behind = tail ?? []
  const zeros = 8 - head.length - behind.length
  if (halves.length === 2 ? zeros < 1 : zeros !== 0) return undefined
  const groups = [...head, ...Array.from({ length: zeros }, () => 0n), ...behind]
  return groups.reduce((address, group) => (address << 16n) | group, 0n)
}

function groupsOf(half: string): readonly bigint[] | undefined {
  if (half === '') return []
  const groups: bigint[] = []
  for (const [index, part] of half.split(':').entries()) {
    const isLast = index === half.split(':').length - 1
    const v4 = isLast ? parseV4(part) : undefined
    if (v4 !== undefined) groups.push(v4 >> 16n, v4 & 0xff_ffn)
    else if (/^[0-9a-f]{1,4}$/i.test(part)) groups.push(BigInt(`0x${part}`))
    else return undefined
  }
  return groups
}
