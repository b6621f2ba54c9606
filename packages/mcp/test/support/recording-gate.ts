import {
  type CallEnd,
  type EndVerdict,
  type Gate,
  type GateAnswer,
  type GateQuestion,
  isRequest,
} from '@warren/mcp'

export interface RecordedEnd {
  readonly question: GateQuestion
  readonly end: CallEnd
}

/** Allows everything, asks how every request ends and keeps what it is told; a test decides what it answers to that. */
export class RecordingGate implements Gate {
  readonly asked: GateQuestion[] = []
  readonly ends: RecordedEnd[] = []
  taking: (told: RecordedEnd) => Promise<EndVerdict> = () => Promise.resolve({ allowed: true })

  /** It never waits: what it keeps of a question is what it was asked. */
  decide({ hold: _hold, ...question }: GateQuestion): Promise<GateAnswer> {
    this.asked.push(question)
    const allowed = { allowed: true, rule: 'test' } as const
    if (!isRequest(question.message)) return Promise.resolve(allowed)
    const ended = (end: CallEnd): Promise<EndVerdict> => {
      const told = { question, end }
      this.ends.push(told)
      return this.taking(told)
    }
    return Promise.resolve({ ...allowed, call: { ended } })
  }

  /** The ends of the requests with this method. */
  of(method: string): readonly CallEnd[] {
    return this.ends
      .filter(({ question }) => question.message['method'] === method)
      .map(({ end }) => end)
  }
}

/** Holds back the ends of some requests until they are let go. */
export function holding(
  gate: RecordingGate,
  ...methods: readonly string[]
): { readonly go: (verdict?: EndVerdict) => void } {
  const held = Promise.withResolvers<EndVerdict>()
  gate.taking = ({ question }) => {
    const { method } = question.message
    return methods.includes(typeof method === 'string' ? method : '')
      ? held.promise
      : Promise.resolve({ allowed: true })
  }
  return { go: (verdict = { allowed: true }) => held.resolve(verdict) }
}

/** The same gate, which wants to know the ends of the requests with these methods alone. */
export function wanting(gate: Gate, ...methods: readonly unknown[]): Gate {
  return {
    decide: async (question) => {
      const { call, ...answer } = { call: undefined, ...(await gate.decide(question)) }
      const isWanted = methods.includes(question.message['method'])
      return isWanted && call !== undefined ? { ...answer, call } : answer
    },
  }
}
