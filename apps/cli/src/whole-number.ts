import { CommandError } from './command-error.ts'

/** Reads a whole number from 1 to the largest that is allowed. */
export function wholeNumber(text: string, option: string, max: number): number {
  const value = /^\d{1,6}$/.test(text) ? Number(text) : 0
  if (value >= 1 && value <= max) return value
  throw new CommandError('usage', `${option} takes a whole number from 1 to ${max}`)
}
