import { setTimeout as pause } from 'node:timers/promises'
import { isJsonObject, type JsonObject, type JsonValue } from '@warren/core'
import { askNode, listMember, textMember } from '@warren/node/client'
import type { Command } from 'commander'
import { approvalLines, grantedRows, waitingLine, waitingRows } from '../approval-lines.ts'
import { CommandError } from '../command-error.ts'
import { confirm } from '../confirm.ts'
import { type CommonOptions, type Context, contextOf } from '../context.ts'
import { parseDurationMs } from '../duration.ts'
import { table } from '../table.ts'
import { wholeNumber } from '../whole-number.ts'

const TIMES_MAX = 100
const FOR_MAX = '24h'
const WATCH_MS = 1000
const ID_PATTERN = /^[0-9a-f]{6,32}$/

interface ApproveOptions extends CommonOptions {
  readonly yes?: boolean
  readonly refuse?: boolean
  readonly reason?: string
  readonly hash?: string
  readonly times?: string
  readonly for?: string
  readonly watch?: boolean
}

/** `warren approve [id]`: which calls wait for a person, and let one of them go on, or refuse it. */
export async function approve(
  id: string | undefined,
  _options: unknown,
  command: Command,
): Promise<void> {
  const options = command.optsWithGlobals<ApproveOptions>()
  const wish = readWish(id, options)
  const context = contextOf(options)
  if (id === undefined) return options.watch === true ? watch(context, options.json) : list(context)
  const found = await find(context, id, options.refuse === true)
  requireHash(found, options.hash)
  if (options.refuse === true) return refuse(context, found, options.reason)
  const { yes = false, json = false } = options
  return agree(context, found, { ...wish, yes, json })
}

interface Wish {
  readonly times?: number
  readonly forSeconds?: number
}

/** Everything that can be judged before the node is asked. */
function readWish(id: string | undefined, options: ApproveOptions): Wish {
  const { refuse: no, reason, times, for: duration } = options
  if (id === undefined) checkListing(options)
  else if (!ID_PATTERN.test(id)) throw usage('an id is 6 to 32 of its hex digits')
  else if (options.watch === true) throw usage('--watch is about all calls')
  if (reason !== undefined && no !== true) throw usage('--reason belongs to --refuse')
  if (no === true && (times ?? duration) !== undefined) {
    throw usage('--times and --for belong to an approval')
  }
  return {
    ...(times === undefined ? {} : { times: wholeNumber(times, '--times', TIMES_MAX) }),
    ...(duration === undefined ? {} : { forSeconds: parseDurationMs(duration, FOR_MAX) / 1000 }),
  }
}

/** Whoever decides has to say on what. */
function checkListing({
  refuse: no,
  reason,
  hash,
  times,
  for: duration,
  yes,
}: ApproveOptions): void {
  if ([no, reason, hash, times, duration, yes].every((value) => value === undefined)) return
  throw usage('say which call, by its id: "warren approve" lists them')
}

async function list({ socket, output }: Context): Promise<void> {
  const answer = await askNode(socket, { do: 'approvals' })
  const waiting = waitingRows(listMember(answer, 'waiting'))
  const granted = grantedRows(listMember(answer, 'granted'))
  if (waiting.length === 1) output.progress('note: no call waits for an approval')
  output.result(answer, [
    ...(waiting.length === 1 ? [] : table(waiting)),
    ...(granted.length === 1 ? [] : ['approved for more calls:', ...table(granted)]),
  ])
}

/** Follows what waits until it is interrupted. */
async function watch({ socket, output }: Context, json = false): Promise<never> {
  let known = new Set<string>()
  for (;;) {
    const waiting = listMember(await askNode(socket, { do: 'approvals' }), 'waiting')
    for (const call of waiting) {
      if (known.has(textMember(call, 'id'))) continue
      output.line(json ? JSON.stringify(call) : waitingLine(call))
    }
    known = new Set(waiting.map((call) => textMember(call, 'id')))
    await pause(WATCH_MS)
  }
}

/** The one call, or with a refusal the one approval, whose id begins so. */
async function find({ socket }: Context, start: string, alsoGranted: boolean): Promise<JsonObject> {
  const answer = await askNode(socket, { do: 'approvals' })
  const all = [
    ...listMember(answer, 'waiting'),
    ...(alsoGranted ? listMember(answer, 'granted') : []),
  ]
  const [found, other] = all.filter((call) => textMember(call, 'id').startsWith(start))
  if (other !== undefined) throw usage(`more than one call has an id that begins with ${start}`)
  if (found !== undefined && isJsonObject(found)) return found
  throw new CommandError('approval-unknown', `no call waits whose id begins with ${start}`)
}

function requireHash(found: JsonValue, hash: string | undefined): void {
  if (hash === undefined || hash === textMember(found, 'hash')) return
  throw new CommandError('approval-mismatch', 'the call that waits under this id has another hash')
}

async function refuse(
  { socket, output }: Context,
  found: JsonObject,
  reason: string | undefined,
): Promise<void> {
  const [id, hash] = [textMember(found, 'id'), textMember(found, 'hash')]
  const why = reason === undefined ? {} : { reason }
  const answer = await askNode(socket, { do: 'disapprove', id, hash, ...why })
  output.result(answer, [`refused: ${id}`])
}

async function agree(
  { socket, output }: Context,
  found: JsonObject,
  { yes, json, times, forSeconds }: Wish & { readonly yes: boolean; readonly json: boolean },
): Promise<void> {
  const call = await askNode(socket, { do: 'approval', id: textMember(found, 'id') })
  const [id, hash] = [textMember(call, 'id'), textMember(call, 'hash')]
  requireHash(found, hash)
  const good = [
    ...(times === undefined ? [] : [`for ${times} calls of exactly this`]),
    ...(forSeconds === undefined ? [] : [`for ${forSeconds} seconds`]),
  ]
  const question = `Let this call go on${good.length === 0 ? '' : `, ${good.join(', ')}`}?`
  const otherwise = 'the call waits on'
  await confirm(output, { lines: approvalLines(call), question, yes, json, otherwise })
  const more = {
    ...(times === undefined ? {} : { times }),
    ...(forSeconds === undefined ? {} : { forSeconds }),
  }
  const answer = await askNode(socket, { do: 'approve', id, hash, ...more })
  if (isJsonObject(answer) && answer['wentOn'] !== true) {
    const why = `${textMember(answer, 'sentence')} (${textMember(answer, 'code')})`
    throw new CommandError(
      'call-refused',
      `it was approved, and did not go on all the same: ${why}`,
    )
  }
  output.result(answer, [`approved: ${id}`])
}

function usage(message: string): CommandError {
  return new CommandError('usage', message)
}
