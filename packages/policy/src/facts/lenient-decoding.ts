/** How often a text is decoded; one that then could be decoded again is refused. */
const ROUNDS_MAX = 3
const ENCODED = /%u[0-9a-f]{4}|(?:%[0-9a-f]{2})+/gi
/** Of the first byte of a character: what it begins with, how many bytes follow, and which bits count. */
const LEADS = [
  { from: 0xfc, more: 5, mask: 0x01 },
  { from: 0xf8, more: 4, mask: 0x03 },
  { from: 0xf0, more: 3, mask: 0x07 },
  { from: 0xe0, more: 2, mask: 0x0f },
  { from: 0xc0, more: 1, mask: 0x1f },
] as const
const POINT_MAX = 0x10_ffff

/**
 * What readers may make of a text that has percent-encodings in it, by decoding it once or again, whatever is broken
 * about it, and by folding compatibility forms; undefined where there is no end to it.
 *
 * Characters are decoded as by a reader that minds neither overlong forms nor wrong bytes behind the first.
 */
export function lenientReadings(text: string): readonly string[] | undefined {
  const readings = new Set(folded(text))
  let undecoded: readonly string[] = [...readings]
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    undecoded = undecoded.flatMap(decodedFrom)
    for (const reading of undecoded) readings.add(reading)
  }
  return undecoded.some((reading) => decodedFrom(reading).length > 0) ? undefined : [...readings]
}

function folded(text: string): readonly string[] {
  return [...new Set([text, text.normalize('NFKC')])]
}

/** What one more decoding makes of a text, as it is and folded; nothing where there is nothing to decode. */
function decodedFrom(text: string): readonly string[] {
  const decoded = text.replaceAll(ENCODED, decode)
  return decoded === text ? [] : folded(decoded)
}

function decode(encoded: string): string {
  // `%u002e`, as Microsoft's servers write a UTF-16 code unit.
  if (/^%u/i.test(encoded)) return String.fromCharCode(Number.parseInt(encoded.slice(2), 16))
  const bytes = encoded
    .slice(1)
    .split('%')
    .map((digits) => Number.parseInt(digits, 16))
  let text = ''
  for (let at = 0; at < bytes.length;) {
    const first = bytes[at] ?? 0
    const lead = LEADS.find(({ from }) => first >= from)
    const more = bytes.slice(at + 1, at + 1 + (lead?.more ?? 0))
    const isWhole = lead !== undefined && more.length === lead.more
    const point = isWhole
      ? more.reduce((value, byte) => value * 0x40 + (byte & 0x3f), first & lead.mask)
      : first
    text += point > POINT_MAX ? '\uFFFD' : String.fromCodePoint(point)
    at += isWhole ? 1 + more.length : 1
  }
  return text
}
