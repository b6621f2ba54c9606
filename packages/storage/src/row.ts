import type { SQLOutputValue } from 'node:sqlite'
import { corruptStore } from './sqlite-error.ts'

export type Row = Readonly<Record<string, SQLOutputValue>>

/** A column that the schema promises to be text. */
export function text(row: Row, column: string): string {
  const value = row[column]
  if (typeof value !== 'string') throw corruptStore()
  return value
}

/** A column that the schema promises to be an integer. */
export function integer(row: Row, column: string): number {
  const value = row[column]
  if (typeof value !== 'number') throw corruptStore()
  return value
}

/** A column that the schema promises to be text or NULL. */
export function optionalText(row: Row, column: string): string | undefined {
  return row[column] === null ? undefined : text(row, column)
}

/** A column that the schema promises to be an integer or NULL. */
export function optionalInteger(row: Row, column: string): number | undefined {
  return row[column] === null ? undefined : integer(row, column)
}

/** A column that holds a JSON array of strings. */
export function textList(row: Row, column: string): readonly string[] {
  const value: unknown = JSON.parse(text(row, column))
  if (!isTextList(value)) throw corruptStore()
  return value
}

function isTextList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}
