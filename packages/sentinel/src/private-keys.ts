import type { SecretRange } from './find-secrets.ts'

/** PEM and OpenSSH (RFC 7468); what stands between the dashes is at most a few words. */
const BEGIN = /-----BEGIN (?:[A-Z0-9]{1,16} ){0,3}PRIVATE KEY(?: BLOCK)?-----/g
const END = /-----END (?:[A-Z0-9]{1,16} ){0,3}PRIVATE KEY(?: BLOCK)?-----/g

/** Private keys in a text, markers included; one whose end was cut off goes on to the end of the text. */
export function findPrivateKeys(text: string): readonly SecretRange[] {
  const ends = Array.from(text.matchAll(END), (match) => match.index + match[0].length)
  const ranges: SecretRange[] = []
  let next = 0
  let at = 0
  for (const { index } of text.matchAll(BEGIN)) {
    if (index < at) continue
    while (next < ends.length && (ends[next] ?? 0) <= index) next += 1
    at = ends[next] ?? text.length
    ranges.push({ start: index, end: at, rule: 'private-key' })
  }
  return ranges
}
