import type { Output } from './output.ts'

/** Of a mesh without witnesses nobody can tell, which `warren status` says. */
const SILENT: ReadonlySet<string> = new Set(['fresh', 'unwitnessed'])

/** Warns, beside what a node says of members, that it may be out of date. */
export function sayUnlessFresh(
  output: Pick<Output, 'progress'>,
  { state, says }: { readonly state: string; readonly says: string },
): void {
  if (SILENT.has(state)) return
  output.progress(`what this node knows of the mesh may be out of date: ${says}`)
}
