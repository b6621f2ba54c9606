import { type SeededRandom } from './seeded-random.ts'

/** Who dials whom: pairs of different nodes, each pair once. */
export type Edges = readonly (readonly [dialler: number, listener: number])[]

/** Draws the edges of so many nodes. */
export type Topology = (nodes: number, random: SeededRandom) => Edges

/** Everybody with everybody. */
export function fullTopology(): Topology {
  return (nodes) => {
    const edges: [number, number][] = []
    for (let one = 0; one < nodes; one += 1) {
      for (let other = one + 1; other < nodes; other += 1) edges.push([one, other])
    }
    return edges
  }
}

/** Everybody with the next `reach` nodes of a ring. */
export function ringTopology(reach = 1): Topology {
  return (nodes) => {
    const edges = new EdgeSet()
    for (let node = 0; node < nodes; node += 1) {
      for (let step = 1; step <= reach; step += 1) edges.add(node, (node + step) % nodes)
    }
    return edges.list
  }
}

/** Everybody with node 0 alone. */
export function starTopology(): Topology {
  return (nodes) => Array.from({ length: Math.max(0, nodes - 1) }, (_, index) => [index + 1, 0])
}

/**
 * A connected random graph in which nodes have `degree` neighbours on average.
 *
 * It is laid out as rings in random orders, two neighbours from each; an odd degree adds random pairs.
 */
export function randomTopology(degree: number): Topology {
  return (nodes, random) => {
    const edges = new EdgeSet()
    const order = Array.from({ length: nodes }, (_, node) => node)
    for (let round = 0; round < Math.floor(degree / 2); round += 1) {
      const ring = random.shuffled(order)
      ring.forEach((node, index) => edges.add(node, ring[(index + 1) % nodes] ?? node))
    }
    const pairs = degree % 2 === 1 ? random.shuffled(order) : []
    for (let index = 0; index + 1 < pairs.length; index += 2) {
      edges.add(pairs[index] ?? 0, pairs[index + 1] ?? 0)
    }
    return edges.list
  }
}

class EdgeSet {
  readonly list: [number, number][] = []
  readonly #known = new Set<string>()

  add(one: number, other: number): void {
    const key = one < other ? `${one}-${other}` : `${other}-${one}`
    if (one === other || this.#known.has(key)) return
    this.#known.add(key)
    this.list.push([one, other])
  }
}
