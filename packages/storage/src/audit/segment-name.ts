import { join } from 'node:path'

const DIGITS = 12
const NAME = /^(\d{12})\.log$/

/** The name that all files of a segment share: the place of its first entry in twelve digits. */
export function segmentName(first: number): string {
  return `${first}`.padStart(DIGITS, '0')
}

/** The file with the entries of a segment. */
export function segmentPath(directory: string, first: number): string {
  return join(directory, 'segments', `${segmentName(first)}.log`)
}

/** The file with the kept values of a segment. */
export function bodiesPath(directory: string, first: number): string {
  return join(directory, 'bodies', `${segmentName(first)}.log`)
}

/** The file with the sealed secret of a segment. */
export function segmentKeyPath(directory: string, first: number): string {
  return join(directory, 'keys', `${segmentName(first)}.key`)
}

/** The place of the first entry of the segment with that file name; undefined for every other file. */
export function firstOf(fileName: string): number | undefined {
  const digits = NAME.exec(fileName)?.[1]
  return digits === undefined ? undefined : Number(digits)
}
