import { checkEnclave } from '@warren/node/client'
import {
  openJoinFile,
  proposeAdmission,
  proposeAdminChange,
  proposeEnroller,
  proposeIsland,
  proposeQuarantine,
  proposeRenewal,
  proposeReturn,
  proposeRevocation,
  readPublicFile,
} from '@warren/node/ceremony'
import type { Command } from 'commander'
import { CommandError } from '../command-error.ts'
import { parseDurationMs } from '../duration.ts'
import { propose, type ProposeOptions } from '../propose.ts'
import { wholeNumber } from '../whole-number.ts'

type RevocationClass = Parameters<typeof proposeRevocation>[1]['class']

const QUARANTINE_MAX = '24h'
const ISLAND_MAX = '365d'
const MEMBERSHIP_MAX = '3650d'
const SIGNERS_MAX = 16
const QUOTA_MAX = 10_000

interface RevokeOptions extends ProposeOptions {
  readonly key: readonly string[]
  readonly enroller: readonly string[]
  readonly admin: readonly string[]
  readonly credential: readonly string[]
  readonly class: RevocationClass
  readonly reason: string
  readonly since?: readonly string[]
}

/** `warren revoke`: take members, keys, enrollers, administrators or credentials out of the mesh for good. */
export async function revoke(
  who: readonly string[],
  _options: unknown,
  command: Command,
): Promise<void> {
  const options = command.optsWithGlobals<RevokeOptions>()
  const { key: keys, enroller: enrollers, admin: admins, credential: credentials } = options
  if ([who, keys, enrollers, admins, credentials].every(({ length }) => length === 0)) {
    throw new CommandError('usage', 'say whom or what to revoke: a DID, a name, or an option')
  }
  const since = options.since?.map(readPosition)
  await propose(options, 'revoke', (mesh) => [
    proposeRevocation(mesh, {
      who,
      keys,
      enrollers,
      admins,
      credentials,
      class: options.class,
      reason: options.reason,
      since: since?.map(({ witness, size }) => {
        const known = mesh.set.tree.tip.witnesses.find(({ did }) => did === witness)
        if (known === undefined) throw new CommandError('usage', '--since names no witness')
        return { witness: known.did, size }
      }),
    }),
  ])
}

/** Reads `<DID of a witness>=<length of its log>`. */
function readPosition(text: string): { readonly witness: string; readonly size: number } {
  const [, witness, size] = /^(.+)=(\d{1,9})$/.exec(text) ?? []
  if (witness === undefined || size === undefined) {
    throw new CommandError('usage', '--since takes <DID of a witness>=<length of its log>')
  }
  return { witness, size: Number(size) }
}

interface QuarantineOptions extends ProposeOptions {
  readonly for: string
  readonly reason: string
}

/** `warren quarantine`: keep one member out for a short time, on the word of one administrator. */
export async function quarantine(who: string, _options: unknown, command: Command): Promise<void> {
  const options = command.optsWithGlobals<QuarantineOptions>()
  const forMs = parseDurationMs(options.for, QUARANTINE_MAX)
  await propose(options, 'quarantine', (mesh, atHand) => {
    const issuer = mesh.set.tree.tip.admins.find(({ did }) => did === atHand[0])
    if (issuer === undefined) {
      throw new CommandError('usage', "a quarantine needs an administrator's keys here: use --keys")
    }
    return [proposeQuarantine(mesh, { who, issuer: issuer.did, forMs, reason: options.reason })]
  })
}

interface AdmitOptions extends ProposeOptions {
  readonly role: readonly string[]
  readonly enclave: string
}

/** `warren admit`: make the machine that asks by a file a member. */
export async function admit(file: string, _options: unknown, command: Command): Promise<void> {
  const options = command.optsWithGlobals<AdmitOptions>()
  const joining = await openJoinFile(file)
  const wish = { roles: options.role, enclave: options.enclave }
  await propose(options, 'admit', (mesh) => [proposeAdmission(mesh, joining, wish)])
}

/** `warren readmit`: let a revoked member return, with new keys. */
export async function readmit(file: string, _options: unknown, command: Command): Promise<void> {
  const options = command.optsWithGlobals<AdmitOptions>()
  const joining = await openJoinFile(file)
  const wish = { roles: options.role, enclave: options.enclave }
  await propose(options, 'readmit', (mesh) => proposeReturn(mesh, joining, wish))
}

interface RenewOptions extends ProposeOptions {
  readonly for: string
}

/** `warren renew`: let a membership go on, before or after it has run out. */
export async function renew(who: string, _options: unknown, command: Command): Promise<void> {
  const options = command.optsWithGlobals<RenewOptions>()
  const forMs = parseDurationMs(options.for, MEMBERSHIP_MAX)
  await propose(options, 'renew', async (mesh, _atHand, node) => [
    proposeRenewal(mesh, await node.membership(who), forMs),
  ])
}

interface EnrollerOptions extends AdmitOptions {
  readonly quota: string
  readonly for: string
}

/** `warren enroller`: let another node admit members by itself. */
export async function enroller(file: string, _options: unknown, command: Command): Promise<void> {
  const options = command.optsWithGlobals<EnrollerOptions>()
  const pair = await readPublicFile(file)
  const wish = {
    enroller: pair,
    enclave: options.enclave,
    roles: options.role,
    quota: wholeNumber(options.quota, '--quota', QUOTA_MAX),
    forMs: parseDurationMs(options.for, MEMBERSHIP_MAX),
  }
  await propose(options, 'enroller', (mesh) => [proposeEnroller(mesh, wish)])
}

interface IslandOptions extends ProposeOptions {
  readonly stale: string
  readonly server: readonly string[]
  readonly until: string
}

/** `warren island`: let an enclave live longer without signs of life of the witnesses. */
export async function island(enclave: string, _options: unknown, command: Command): Promise<void> {
  const options = command.optsWithGlobals<IslandOptions>()
  checkEnclave(enclave)
  const staleMs = parseDurationMs(options.stale, ISLAND_MAX)
  const untilMs = Date.now() + parseDurationMs(options.until, ISLAND_MAX)
  const { server: servers } = options
  await propose(options, 'island', (mesh) => [
    proposeIsland(mesh, { enclave, staleMs, servers, untilMs }),
  ])
}

interface AdminChangeOptions extends ProposeOptions {
  readonly add: readonly string[]
  readonly remove: readonly string[]
  readonly rotate: readonly string[]
  readonly addWitness: readonly string[]
  readonly removeWitness: readonly string[]
  readonly threshold?: string
  readonly adminThreshold?: string
  readonly witnessThreshold?: string
  readonly approver: readonly string[]
}

/** `warren admin change`: change who the administrators or the witnesses are, or how many it takes. */
export async function adminChange(_options: unknown, command: Command): Promise<void> {
  const options = command.optsWithGlobals<AdminChangeOptions>()
  const { add, remove, rotate, addWitness, removeWitness, approver } = options
  const thresholds = {
    threshold: optionalNumber(options.threshold, '--threshold'),
    adminThreshold: optionalNumber(options.adminThreshold, '--admin-threshold'),
    witnessThreshold: optionalNumber(options.witnessThreshold, '--witness-threshold'),
  }
  const lists = [add, remove, rotate, addWitness, removeWitness]
  if (
    lists.every(({ length }) => length === 0) &&
    Object.values(thresholds).every((value) => value === undefined)
  ) {
    throw new CommandError('usage', 'say what is to change; see "warren admin change --help"')
  }
  const pairs = {
    add: await Promise.all(add.map(readPublicFile)),
    rotate: await Promise.all(rotate.map(readPublicFile)),
    addWitnesses: await Promise.all(addWitness.map(readPublicFile)),
  }
  await propose(options, 'admin-change', (mesh, atHand) => [
    proposeAdminChange(mesh, {
      ...pairs,
      ...thresholds,
      remove,
      removeWitnesses: removeWitness,
      approvers: approver,
      atHand,
    }),
  ])
}

function optionalNumber(text: string | undefined, option: string): number | undefined {
  return text === undefined ? undefined : wholeNumber(text, option, SIGNERS_MAX)
}
