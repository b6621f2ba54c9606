import { isDeepStrictEqual } from 'node:util'
import type { Config } from './load-config.ts'

/** What a reload takes over. */
const RELOADED: ReadonlySet<string> = new Set<keyof Config>([
  'servers',
  'policies',
  'policy',
  'audit',
])

/** The keys of `warren.yaml` whose change is in force with the next start only, in order of their names. */
export function restartNeeded(running: Config, fresh: Config): readonly string[] {
  const was = new Map<string, unknown>(Object.entries(running))
  const waiting = Object.entries(fresh)
    .filter(([key, value]) => !RELOADED.has(key) && !isDeepStrictEqual(was.get(key), value))
    .map(([key]) => key)
  // The file that is open keeps the size that it was opened with.
  const audit = running.audit.segmentMiB === fresh.audit.segmentMiB ? [] : ['audit']
  return [...waiting, ...audit].toSorted()
}
