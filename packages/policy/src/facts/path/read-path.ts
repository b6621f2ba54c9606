import type { PathDeclaration } from '../declaration.ts'
import { FactFlaw } from '../fact-flaw.ts'
import type { FileTreeSnapshot } from './file-tree.ts'
import type { PathFact } from './path-fact.ts'
import { parsePathText, segmentsOf } from './path-text.ts'
import { type PathWalk, walkPath } from './path-walk.ts'

/** A path, read: its fact, and the way that was walked. */
export interface PathReading {
  readonly fact: PathFact
  readonly trail: readonly string[]
}

/**
 * Reads one path. It is walked twice, as the kernel would (links before the `..` behind them) and
 * with its `..` taken out first, as most programs do; where the two differ nobody can say which of
 * the two a server will open.
 *
 * @throws FactFlaw
 */
export async function readPath(
  tree: FileTreeSnapshot,
  asked: string,
  { base }: PathDeclaration,
): Promise<PathReading> {
  const path = parsePathText(asked)
  const baseWalk = await walkBase(tree, base)
  const absolute = path.startsWith('/') ? path : `${base}/${path}`
  const walk = await walkPath(tree, absolute)
  const collapsed = collapse(absolute)
  if (collapsed !== undefined && (await walkPath(tree, collapsed)).real !== walk.real) {
    throw new FactFlaw(
      'fact-path-ambiguous',
      'leads to one place when ".." is taken out first and to another when links are followed first',
    )
  }
  return { fact: factOf(asked, walk), trail: [...baseWalk.trail, ...walk.trail] }
}

/** A rule names the base as it stands in the declaration, so it has to be what it says. */
async function walkBase(tree: FileTreeSnapshot, base: string): Promise<PathWalk> {
  const walk = await walkPath(tree, base)
  if (walk.real !== base || walk.status?.kind !== 'directory') {
    throw new FactFlaw(
      'fact-path-base',
      'has a base that is not a directory, or leads through a link; declare where it really is',
    )
  }
  return walk
}

/** The path with each `..` taken out together with the name before it; undefined when there is none. */
function collapse(path: string): string | undefined {
  const segments = segmentsOf(path)
  if (!segments.includes('..')) return undefined
  const kept: string[] = []
  for (const segment of segments) {
    if (segment === '..') kept.pop()
    else if (segment !== '' && segment !== '.') kept.push(segment)
  }
  return `/${kept.join('/')}`
}

function factOf(asked: string, walk: PathWalk): PathFact {
  const { real, status, viaSymlink, pseudo } = walk
  const names = real === '/' ? [] : real.slice(1).split('/')
  const name = names.at(-1) ?? ''
  const extension = /^.+\.([^.]+)$/u.exec(name)?.[1]?.toLowerCase()
  const hardlinks = hardlinksOf(walk)
  const isPlain = status === undefined || status.kind === 'file' || status.kind === 'directory'
  return Object.freeze({
    ok: true,
    asked,
    real,
    dirs: Object.freeze([
      '/',
      ...names.map((_, index) => `/${names.slice(0, index + 1).join('/')}`),
    ]),
    name,
    ...(extension !== undefined && { extension }),
    exists: status !== undefined,
    viaSymlink,
    hidden: names.some((each) => each.startsWith('.')),
    hardlinks,
    special: !isPlain || pseudo || hardlinks > 1,
    pseudo,
  })
}

function hardlinksOf({ status }: PathWalk): number {
  if (status === undefined) return 0
  return status.kind === 'directory' ? 1 : status.names
}
