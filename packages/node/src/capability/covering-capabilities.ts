import type { MethodClassification } from '@warren/policy'
import type { CallFacts } from '../policy/call-facts.ts'
import type { CapabilityQuestion, CoveringChain } from './presented-chains.ts'

/** A request, as the gate knows it. */
export interface CapabilityRequest {
  readonly server: string
  readonly kind: MethodClassification
  /** Absent where the arguments of a call have not been read. */
  readonly call: Pick<CallFacts, 'input'> | undefined
}

/** What the gate asks about the capabilities of a caller. */
export interface CoveringCapabilities {
  /** What stands in `context.credentials` of a request: the label and the ids of each chain that covers it, and nothing else. */
  of(caller: string, request: CapabilityRequest): readonly string[]
}

const LABEL = 'capability:'

/** Answers the gate from the chains that callers have shown. */
export function coveringCapabilities(chains: {
  covering(caller: string, question: CapabilityQuestion): readonly CoveringChain[]
}): CoveringCapabilities {
  return {
    of: (caller, request) => {
      const question = questionOf(request)
      if (question === undefined) return []
      const covering = chains.covering(caller, question)
      const labels = covering.map(({ label }) => `${LABEL}${label}`)
      return [...new Set([...labels, ...covering.flatMap(({ ids }) => ids)])]
    },
  }
}

/** The ids of links in what stands in `context.credentials`. */
export function credentialIds(credentials: readonly string[] | undefined): readonly string[] {
  return (credentials ?? []).filter((text) => !text.startsWith(LABEL))
}

/** A capability is about calls of tools, and about seeing the server that has them; about nothing else. */
function questionOf({ server, kind, call }: CapabilityRequest): CapabilityQuestion | undefined {
  // What belongs to an open session asks for no more than seeing the server does.
  if (kind === 'session') return { server }
  if (kind === 'malformed') return undefined
  if (kind.action === 'list') return { server }
  if (kind.tool === undefined || call === undefined) return undefined
  return { server, tool: kind.tool, arguments: call.input ?? {} }
}
