import { NodeError } from '../node-error.ts'

/** Questions that wait for one member. */
const WAITING_MAX = 16

export type AskMember = (did: string, question: Uint8Array) => Promise<Uint8Array>

interface Turn {
  waiting: number
  last: Promise<unknown>
}

/** Asks each member one question after the other, as the network wants it; what would wait too long is refused. */
export function askInTurn(ask: AskMember): AskMember {
  const turns = new Map<string, Turn>()
  return async (did, question) => {
    const turn = turns.get(did) ?? { waiting: 0, last: Promise.resolve() }
    if (turn.waiting >= WAITING_MAX) {
      throw new NodeError('audit-asked-too-often', 'too many questions wait for this member')
    }
    turns.set(did, turn)
    turn.waiting += 1
    const answer = turn.last.then(async () => ask(did, question))
    turn.last = answer.catch(() => {
      // Whoever asked that was told; the next one is asked all the same.
    })
    try {
      return await answer
    } finally {
      turn.waiting -= 1
      if (turn.waiting === 0) turns.delete(did)
    }
  }
}
