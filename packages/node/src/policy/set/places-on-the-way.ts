import { lstatSync, readlinkSync } from 'node:fs'
import { dirname, isAbsolute, join, parse, sep } from 'node:path'
import { NodeError } from '../../node-error.ts'

/** As Linux counts (path_resolution(7)). */
const LINKS_MAX = 40

/**
 * Every place that the kernel goes through on the way to a directory, links among them, each without links before it;
 * the last one is where the directory is. Whoever may write at one of these says where the path leads.
 *
 * @throws NodeError `policies-unreadable`
 */
export function placesOnTheWay(directory: string): readonly string[] {
  let at = parse(directory).root
  const places = [at]
  const pending = directory.split(sep).toReversed()
  let links = 0
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (name === '' || name === '.') continue
    const next = name === '..' ? dirname(at) : join(at, name)
    places.push(next)
    const target = targetOf(next)
    if (target === undefined) {
      at = next
      continue
    }
    links += 1
    if (links > LINKS_MAX) throw unreadable(directory)
    if (isAbsolute(target)) at = parse(target).root
    pending.push(...target.split(sep).toReversed())
  }
  places.push(at)
  return places
}

/** Where a link leads; undefined of what is none. */
function targetOf(path: string): string | undefined {
  try {
    return lstatSync(path).isSymbolicLink() ? readlinkSync(path) : undefined
  } catch (cause) {
    throw unreadable(path, cause)
  }
}

function unreadable(path: string, cause?: unknown): NodeError {
  return new NodeError('policies-unreadable', `${path} cannot be read`, { cause })
}
