import { compareRanks, type Ranked } from './ranks.ts'

/** Puts something in its place among the first few: nothing is compared twice that comes after the last of them. */
export function insertFirst<T extends Ranked>(few: T[], element: T, max: number): void {
  const last = few[max - 1]
  if (last !== undefined && compareRanks(element, last) >= 0) return
  const at = few.findIndex((other) => compareRanks(element, other) < 0)
  few.splice(at === -1 ? few.length : at, 0, element)
  if (few.length > max) few.pop()
}
