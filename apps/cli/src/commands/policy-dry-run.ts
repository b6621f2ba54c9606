import { isJsonObject } from '@warren/core'
import { openArchive, readRange } from '@warren/node/audit'
import { askNode, listMember, textMember } from '@warren/node/client'
import { type ChangedDecision, dryRun, type RecordedDecision } from '@warren/node/policy'
import type { Command } from 'commander'
import { resolve } from 'node:path'
import { type CommonOptions, contextOf } from '../context.ts'
import { wholeNumber } from '../whole-number.ts'

const DECISIONS_MAX = 10_000

interface DryRunOptions extends CommonOptions {
  readonly limit: string
}

/** `warren policy dry-run`: which recorded decisions another policy set would have made otherwise; nothing changes. */
export async function dryRunPolicies(
  candidate: string,
  _options: unknown,
  command: Command,
): Promise<void> {
  const options = command.optsWithGlobals<DryRunOptions>()
  const { directory, socket, output } = contextOf(options)
  const limit = wholeNumber(options.limit, '--limit', DECISIONS_MAX)
  const decisions = await newestDecisions(directory, limit)
  const { replayed, changed, skipped } = await dryRun({
    policies: resolve(candidate),
    decisions,
    valuesOf: async (seq) => {
      const values = listMember(await askNode(socket, { do: 'audit-values', seq }), 'values')
      return values
        .filter(isJsonObject)
        .map((value) => ({ path: textMember(value, 'path'), text: textMember(value, 'text') }))
    },
  })
  output.result(
    {
      replayed,
      skipped: Object.fromEntries(skipped),
      changed: changed.map(({ recorded, now }) => ({
        entry: recorded.seq,
        caller: recorded.caller,
        server: recorded.server,
        tool: recorded.tool ?? null,
        was: wasOf(recorded),
        would: now.verdict,
        code: now.code ?? null,
        rules: [...now.rules],
      })),
    },
    [
      ...changed.map(changeWords),
      `${changed.length} of ${replayed} recorded calls would be decided otherwise.`,
      ...[...skipped].map(([why, count]) => `note: ${count} could not be asked about: ${why}`),
    ],
  )
}

async function newestDecisions(
  directory: string,
  limit: number,
): Promise<readonly RecordedDecision[]> {
  const archive = await openArchive(directory)
  const decisions: RecordedDecision[] = []
  for await (const entry of readRange(archive, {})) {
    if (entry.kind !== 'decision') continue
    decisions.push(entry)
    if (decisions.length > limit) decisions.shift()
  }
  return decisions
}

function wasOf({ allowed, approval }: RecordedDecision): string {
  if (!allowed) return 'deny'
  return approval === undefined ? 'allow' : 'approve'
}

function changeWords({ recorded, now }: ChangedDecision): string {
  const { seq, caller, server, tool = '' } = recorded
  const by = now.rules.length === 0 ? (now.code ?? '') : `by ${now.rules.join(', ')}`
  return `${seq}  ${wasOf(recorded)} -> ${now.verdict} ${by}  ${server}/${tool}  ${caller}`
}
