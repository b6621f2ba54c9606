import {
  checkCredentials,
  checkKnown,
  checkReason,
  checkWho,
  type MeshDescription,
  parseKeyHash,
  proposeRevocation,
} from '@warren/node/ceremony'
import type { Command } from 'commander'
import { CommandError } from '../command-error.ts'
import { propose, type ProposeOptions } from '../propose.ts'

type RevocationWish = Parameters<typeof proposeRevocation>[1]
type RevocationClass = RevocationWish['class']

const TARGETS_MAX = 64

interface RevokeOptions extends ProposeOptions {
  readonly key: readonly string[]
  readonly enroller: readonly string[]
  readonly admin: readonly string[]
  readonly credential: readonly string[]
  readonly class: RevocationClass
  readonly reason: string
  readonly since?: readonly string[]
  readonly unknown?: boolean
}

/** `warren revoke`: take members, keys, enrollers, administrators or credentials out of the mesh for good. */
export async function revoke(
  who: readonly string[],
  _options: unknown,
  command: Command,
): Promise<void> {
  const options = command.optsWithGlobals<RevokeOptions>()
  const wish = readRevocationWish(who, options)
  const since = options.since?.map(readPosition)
  await propose(options, 'revoke', (mesh) => {
    if (options.unknown !== true) checkKnown(mesh.members, [...wish.who, ...wish.enrollers])
    return [proposeRevocation(mesh, { ...wish, since: sinceIn(mesh, since) })]
  })
}

/** What is to be taken away, as far as that can be judged without the mesh. */
function readRevocationWish(who: readonly string[], options: RevokeOptions): RevocationWish {
  const { enroller: enrollers, admin: admins, credential: credentials, reason } = options
  const lists = [who, options.key, enrollers, admins, credentials]
  const count = lists.flat().length
  if (count === 0) {
    throw new CommandError('usage', 'say whom or what to revoke: a DID, a name, or an option')
  }
  if (count > TARGETS_MAX || lists.some((list) => new Set(list).size < list.length)) {
    throw new CommandError('usage', `name each target once, and at most ${TARGETS_MAX} together`)
  }
  checkWho([...who, ...enrollers, ...admins])
  checkCredentials(credentials)
  checkReason(reason)
  const keyHashes = options.key.map(parseKeyHash)
  return { who, keyHashes, enrollers, admins, credentials, class: options.class, reason }
}

/** Positions in the logs of witnesses in force. One beyond the end would count what is yet to be written as seen in time. */
function sinceIn(
  { set, since: ends }: MeshDescription,
  positions: readonly Position[] | undefined,
): MeshDescription['since'] | undefined {
  const named = positions?.map(({ witness }) => witness) ?? []
  if (new Set(named).size < named.length) {
    throw new CommandError('usage', '--since names a witness twice')
  }
  return positions?.map(({ witness, size }) => {
    const known = set.tree.tip.witnesses.find(({ did }) => did === witness)
    if (known === undefined) throw new CommandError('usage', '--since names no witness')
    const end = ends.find(({ witness: did }) => did === known.did)?.size ?? 0
    if (size > end) {
      const message = `--since goes beyond the log of that witness, which has ${end} entries`
      throw new CommandError('usage', message)
    }
    return { witness: known.did, size }
  })
}

interface Position {
  readonly witness: string
  readonly size: number
}

/** Reads `<DID of a witness>=<length of its log>`. */
function readPosition(text: string): Position {
  const [, witness, size] = /^(.+)=(\d{1,9})$/.exec(text) ?? []
  if (witness === undefined || size === undefined) {
    throw new CommandError('usage', '--since takes <DID of a witness>=<length of its log>')
  }
  return { witness, size: Number(size) }
}
