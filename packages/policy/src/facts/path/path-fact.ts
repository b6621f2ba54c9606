/** What one path leads to, by links and dots alone; Cedar type `PathFact`. */
export interface PathFact {
  readonly ok: true
  /** As the caller wrote it. */
  readonly asked: string
  /** Absolute, without links, dots or doubled slashes. */
  readonly real: string
  /** `real` and every directory above it: "below /data" is `dirs.contains("/data")`. */
  readonly dirs: readonly string[]
  /** The last name of `real`; empty for the root. */
  readonly name: string
  /** What stands behind the last dot of the name, in lower case; absent where there is no such dot. */
  readonly extension?: string
  readonly exists: boolean
  readonly viaSymlink: boolean
  /** A name of `real` begins with a dot. */
  readonly hidden: boolean
  /** How many names the file has: 1 for a directory, 0 for what does not exist. */
  readonly hardlinks: number
  /** A device, socket, pipe, anything in a pseudo file system, or a file with several names. */
  readonly special: boolean
  /** The way leads through `/proc`, `/sys` or `/dev`. */
  readonly pseudo: boolean
}

/** What a list of paths leads to; Cedar type `PathsFact`. */
export interface PathsFact {
  readonly ok: true
  readonly count: number
  readonly reals: readonly string[]
  /** Directories that hold every path of the list; empty for an empty list. */
  readonly allDirs: readonly string[]
  /** Directories that hold at least one path of the list. */
  readonly anyDirs: readonly string[]
  readonly names: readonly string[]
  readonly extensions: readonly string[]
  readonly allExist: boolean
  readonly anyViaSymlink: boolean
  readonly anyHidden: boolean
  readonly anySpecial: boolean
  readonly anyPseudo: boolean
}

/** Says of a list what is said of each of its paths. */
export function joinPathFacts(facts: readonly PathFact[]): PathsFact {
  const [first, ...rest] = facts
  const allDirs = (first?.dirs ?? []).filter((directory) =>
    rest.every(({ dirs }) => dirs.includes(directory)),
  )
  return Object.freeze({
    ok: true,
    count: facts.length,
    reals: distinct(facts.map(({ real }) => real)),
    allDirs: Object.freeze(allDirs),
    anyDirs: distinct(facts.flatMap(({ dirs }) => dirs)),
    names: distinct(facts.map(({ name }) => name)),
    extensions: distinct(facts.flatMap(({ extension }) => extension ?? [])),
    allExist: facts.every(({ exists }) => exists),
    anyViaSymlink: facts.some(({ viaSymlink }) => viaSymlink),
    anyHidden: facts.some(({ hidden }) => hidden),
    anySpecial: facts.some(({ special }) => special),
    anyPseudo: facts.some(({ pseudo }) => pseudo),
  })
}

function distinct(texts: readonly string[]): readonly string[] {
  return Object.freeze([...new Set(texts)])
}
