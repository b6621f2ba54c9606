import { askNode } from '@warren/node/client'
import {
  checkWho,
  type DescribedReason,
  readFreshness,
  readMembers,
  readReason,
} from '@warren/node/ceremony'
import type { Command } from 'commander'
import { type CommonOptions, contextOf } from '../context.ts'
import { sayUnlessFresh } from '../say-unless-fresh.ts'
import { table } from '../table.ts'

const INDENT = '  '

/** `warren members`: who is or was a member, and how they stand now. */
export async function members(_options: unknown, command: Command): Promise<void> {
  const { socket, output } = contextOf(command.optsWithGlobals<CommonOptions>())
  const answer = await askNode(socket, { do: 'members' })
  sayUnlessFresh(output, readFreshness(answer))
  const rows = readMembers(answer).map((member) => [
    member.name ?? '-',
    member.why === undefined ? member.status : `${member.status} (${member.why})`,
    member.enclave,
    member.roles.join(', ') || '-',
    member.until,
    member.did,
  ])
  output.result(answer, table([['NAME', 'STANDING', 'ENCLAVE', 'ROLES', 'UNTIL', 'DID'], ...rows]))
}

/** `warren why`: what a member's standing rests on, record by record, down to the charter. */
export async function why(who: string, _options: unknown, command: Command): Promise<void> {
  const { socket, output } = contextOf(command.optsWithGlobals<CommonOptions>())
  checkWho([who])
  const answer = await askNode(socket, { do: 'why', who })
  sayUnlessFresh(output, readFreshness(answer))
  output.result(answer, treeLines(readReason(answer)))
}

/** A tree of reasons, each below what rests on it. */
function treeLines({ says, record, because }: DescribedReason, depth = 0): readonly string[] {
  const id = record === null ? '' : ` [${record}]`
  const own = `${INDENT.repeat(depth)}${says}${id}`
  return [own, ...because.flatMap((each) => treeLines(each, depth + 1))]
}
