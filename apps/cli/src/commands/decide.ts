import { checkEnclave, checkRoles } from '@warren/node/client'
import {
  checkKnown,
  checkReason,
  checkServers,
  checkWho,
  openJoinFile,
  proposeAdmission,
  proposeAdminChange,
  proposeEnroller,
  proposeIsland,
  proposeQuarantine,
  proposeRenewal,
  proposeReturn,
  readPublicFile,
} from '@warren/node/ceremony'
import type { Command } from 'commander'
import { CommandError } from '../command-error.ts'
import { parseDurationMs } from '../duration.ts'
import { propose, type ProposeOptions } from '../propose.ts'
import { wholeNumber } from '../whole-number.ts'

const QUARANTINE_MAX = '24h'
const ISLAND_MAX = '365d'
const MEMBERSHIP_MAX = '3650d'
const SIGNERS_MAX = 16
const QUOTA_MAX = 10_000

interface QuarantineOptions extends ProposeOptions {
  readonly for: string
  readonly reason: string
  readonly unknown?: boolean
}

/** `warren quarantine`: keep one member out for a short time, on the word of one administrator. */
export async function quarantine(who: string, _options: unknown, command: Command): Promise<void> {
  const options = command.optsWithGlobals<QuarantineOptions>()
  const forMs = parseDurationMs(options.for, QUARANTINE_MAX)
  checkWho([who])
  checkReason(options.reason)
  await propose(options, 'quarantine', (mesh, atHand) => {
    if (options.unknown !== true) checkKnown(mesh.members, [who])
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
  const wish = placeOf(options)
  const joining = await openJoinFile(file)
  await propose(options, 'admit', (mesh) => [proposeAdmission(mesh, joining, wish)])
}

/** `warren readmit`: let a revoked member return, with new keys. */
export async function readmit(file: string, _options: unknown, command: Command): Promise<void> {
  const options = command.optsWithGlobals<AdmitOptions>()
  const wish = placeOf(options)
  const joining = await openJoinFile(file)
  await propose(options, 'readmit', (mesh) => proposeReturn(mesh, joining, wish))
}

/** The enclave and the roles that a member is to have. */
function placeOf({ role: roles, enclave }: Pick<AdmitOptions, 'role' | 'enclave'>): {
  readonly roles: readonly string[]
  readonly enclave: string
} {
  checkRoles(roles)
  checkEnclave(enclave)
  return { roles, enclave }
}

interface RenewOptions extends ProposeOptions {
  readonly for: string
}

/** `warren renew`: let a membership go on, before or after it has run out. */
export async function renew(who: string, _options: unknown, command: Command): Promise<void> {
  const options = command.optsWithGlobals<RenewOptions>()
  const forMs = parseDurationMs(options.for, MEMBERSHIP_MAX)
  checkWho([who])
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
  const wish = {
    ...placeOf(options),
    quota: wholeNumber(options.quota, '--quota', QUOTA_MAX),
    forMs: parseDurationMs(options.for, MEMBERSHIP_MAX),
    enroller: await readPublicFile(file),
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
  checkServers(servers)
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
