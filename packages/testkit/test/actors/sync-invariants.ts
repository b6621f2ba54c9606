import type { Invariant } from '@warren/testkit'
import { type SyncActor } from './sync-actor.ts'

const KEEPS = 'keeps '

/** A node that has promised to keep a word knows it, through any number of crashes. */
export function keepsItsWord(): Invariant<SyncActor> {
  const promised = new Map<number, Set<string>>()
  let read = 0
  return (run) => {
    const { notes, touched = 0 } = run
    for (; read < notes.length; read += 1) {
      const { node, text } = notes[read] ?? { node: 0, text: '' }
      const words = promised.get(node) ?? new Set()
      promised.set(node, words.add(text.slice(KEEPS.length)))
    }
    const known = run.actor(touched)?.known
    if (known === undefined) return undefined
    const lost = [...(promised.get(touched) ?? [])].find((word) => !known.has(word))
    if (lost === undefined) return undefined
    return { message: `n${touched} forgot ${lost}`, nodes: [touched] }
  }
}

/** From that time on every node knows every word that any node has promised to keep. */
export function converges(fromMs: number): Invariant<SyncActor> {
  return (run) => {
    const { notes, nodes, nowMs } = run
    if (nowMs < fromMs) return undefined
    const words = new Set(notes.map(({ text }) => text))
    const behind = Array.from({ length: nodes }, (_, node) => node).filter(
      (node) => run.actor(node)?.known.size !== words.size,
    )
    if (behind.length === 0) return undefined
    return { message: `${behind.length} nodes do not know all words`, nodes: behind.slice(0, 4) }
  }
}
