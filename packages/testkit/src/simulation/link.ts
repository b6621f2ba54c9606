/** One of the two ends of a link. */
export interface LinkEnd {
  readonly node: number
  /** Whether this node believes that the link lives. */
  open: boolean
  settled: boolean
  /** When the last packet that left here arrives; none may overtake it. */
  lastArrivalMs: number
}

/** A pair of nodes that keep a link between them, one after the other. */
export interface Edge {
  readonly dialler: number
  readonly listener: number
  link: Link | undefined
}

/** One connection between two nodes, from its handshake until both ends know that it is over. */
export class Link {
  readonly id: string
  readonly edge: Edge
  readonly ends: readonly [LinkEnd, LinkEnd]
  /** Packets that wait for the end of a partition; undefined while there is none. */
  held: (() => void)[] | undefined
  /** Whether an actor ended it, rather than the network. */
  cut = false

  constructor(edge: Edge, serial: number) {
    this.id = `${edge.dialler}-${edge.listener}#${serial}`
    this.edge = edge
    this.ends = [newEnd(edge.dialler), newEnd(edge.listener)]
  }

  /** The end of this node, then the other one. */
  from(node: number): readonly [LinkEnd, LinkEnd] {
    const [one, other] = this.ends
    return one.node === node ? [one, other] : [other, one]
  }

  get settled(): boolean {
    return this.ends[0].settled && this.ends[1].settled
  }
}

function newEnd(node: number): LinkEnd {
  return { node, open: false, settled: false, lastArrivalMs: 0 }
}
