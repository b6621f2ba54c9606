import type { Capability, CapabilityChain } from '@warren/capability'
import { formatTimestamp } from '@warren/identity'

/** What a chain says, link by link. */
export type CapabilityView = {
  readonly id: string
  readonly node: string
  readonly server: string
  readonly holder: string
  readonly links: readonly {
    readonly id: string
    readonly issuer: string
    readonly holder: string
    readonly tools: readonly string[]
    readonly arguments: Capability['schema']
    readonly delegable: number
    readonly from: string
    readonly until: string
  }[]
}

/** A chain as programs read it. */
export function viewChain({
  links,
  first,
  last,
}: Pick<CapabilityChain, 'links' | 'first' | 'last'>): CapabilityView {
  return {
    id: last.id,
    node: first.node,
    server: first.server,
    holder: last.holder,
    links: links.map(({ id, issuer, holder, tools, schema, delegable, ...time }) => ({
      id,
      issuer,
      holder,
      tools,
      arguments: schema,
      delegable,
      from: formatTimestamp(time.validFromMs),
      until: formatTimestamp(time.validUntilMs),
    })),
  }
}

/** A chain in words, for whoever signs it or is given it. */
export function capabilityWords(view: CapabilityView): readonly string[] {
  const count = view.links.length
  return [
    `server     ${view.server} of ${view.node}`,
    ...view.links.flatMap((link, at) => [
      '',
      `link ${at + 1} of ${count}  ${link.id}`,
      `  from        ${link.issuer}`,
      `  to          ${link.holder}`,
      `  tools       ${link.tools.map((tool) => JSON.stringify(tool)).join(', ')}`,
      `  arguments   ${JSON.stringify(link.arguments)}`,
      `  time        ${link.from} to ${link.until}`,
      `  passed on   ${link.delegable === 0 ? 'not' : `at most ${link.delegable} times`}`,
    ]),
    ...(count > 1 ? ['', 'A call has to fit every link.'] : []),
  ]
}
