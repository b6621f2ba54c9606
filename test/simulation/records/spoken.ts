import { type SharedRecords } from './shared-records.ts'

/** What a message between nodes says, as far as scenarios look at it. */
export interface Spoken {
  readonly type: string
  /** The records that it carries, or that it says its sender has. */
  readonly ids: readonly string[]
  /** Whether it passes something on that nobody asked for. */
  readonly isUnasked: boolean
  /** The removals of the sender, in heads. */
  readonly removalRoot: string | undefined
}

interface Loose {
  readonly type?: string
  readonly ids?: readonly string[]
  readonly texts?: readonly string[]
  readonly answer?: string
  readonly heads?: { readonly removal?: { readonly root?: string } }
}

const decoder = new TextDecoder()

/** Reads messages for the scenario, each once however many nodes get it; the nodes read them by themselves. */
export class Listener {
  readonly #records: SharedRecords
  readonly #read = new WeakMap<Uint8Array, Spoken>()

  constructor(records: SharedRecords) {
    this.#records = records
  }

  spoken(bytes: Uint8Array): Spoken {
    const known = this.#read.get(bytes)
    if (known !== undefined) return known
    const {
      type = '',
      ids = [],
      texts = [],
      answer,
      heads,
    }: Loose = JSON.parse(decoder.decode(bytes))
    const carried = texts.flatMap((text) => this.#records.idOf(text) ?? [])
    const spoken = {
      type,
      ids: [...ids, ...carried],
      isUnasked: type === 'have' || answer === 'none',
      removalRoot: heads?.removal?.root,
    }
    this.#read.set(bytes, spoken)
    return spoken
  }
}
