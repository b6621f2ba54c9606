const GROUP = 1_000
const DIGITS = 3

/** Where C2SP tlog-tiles puts a tile: groups of three digits, all but the last with an `x` in front, and a partial one by its width. */
export function tilePath(level: number, index: number, width?: number): string {
  const groups = [`${index % GROUP}`.padStart(DIGITS, '0')]
  for (let rest = Math.floor(index / GROUP); rest > 0; rest = Math.floor(rest / GROUP)) {
    groups.unshift(`x${`${rest % GROUP}`.padStart(DIGITS, '0')}`)
  }
  const path = `tile/${level}/${groups.join('/')}`
  return width === undefined ? path : `${path}.p/${width}`
}
