import { cpSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isJsonObject, type JsonObject, type JsonValue } from '@warren/core'
import { type Outcome, runWarren } from '@warren/demo/warren-process'
import { askWarren } from '@warren/demo/warren-process'

const ENTRIES_MAX = '1000'

/** The newest entries of the log in a data directory, as `warren audit tail` prints them. */
export async function entriesIn(directory: string): Promise<readonly JsonObject[]> {
  const { entries } = await askWarren(['--dir', directory, 'audit', 'tail', '-n', ENTRIES_MAX])
  return objectsOf(entries)
}

/**
 * Copies the log of a node that may be running, without the parts of it that are left out: segments last, since others
 * may cosign, while it is copied, what was not there when the segments were.
 */
export function copyLog(from: string, to: string, leftOut: readonly string[] = []): void {
  const parts = readdirSync(from).filter((part) => !['segments', ...leftOut].includes(part))
  for (const part of [...parts, 'segments']) {
    cpSync(join(from, part), join(to, part), { recursive: true })
  }
}

/** What `warren audit verify` says of a log, whatever that is. */
export async function verdictOn(
  directory: string,
  ...words: readonly string[]
): Promise<{ readonly code: number; readonly said: JsonObject }> {
  const outcome = await runWarren(['--json', 'audit', 'verify', directory, ...words])
  return { code: outcome.code, said: documentOf(outcome) }
}

/** The codes of what was found, by how bad it is. */
export function codesOf(said: JsonObject, severity: string): readonly JsonValue[] {
  return objectsOf(said['findings'])
    .filter((finding) => finding['severity'] === severity)
    .map(({ code }) => code ?? null)
}

/** Every file below a directory, with its bytes. */
export function filesBelow(directory: string): ReadonlyMap<string, Buffer> {
  const names = readdirSync(directory, { recursive: true, withFileTypes: true })
  return new Map(
    names
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [path, readFileSync(path)]),
  )
}

function documentOf({ stdout, stderr }: Outcome): JsonObject {
  if (stdout === '') throw new Error(`the command printed no document: ${stderr}`)
  const value: unknown = JSON.parse(stdout)
  if (isJsonObject(value)) return value
  throw new Error('the command printed no JSON object')
}

function objectsOf(value: JsonValue | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter((each) => isJsonObject(each)) : []
}
