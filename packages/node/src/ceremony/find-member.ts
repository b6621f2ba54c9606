import { type Did, parseDid } from '@warren/identity'
import type { DescribedMember } from '../control/records-protocol.ts'
import { NodeError } from '../node-error.ts'

/** Somebody that a command names: a DID, which may be unknown here, or the name of one member. */
export interface Named<Member> {
  readonly did: Did
  readonly member: Member | undefined
}

/** What begins so is meant as a DID. */
const DID_BEGIN = 'did:'

/**
 * Finds whom a person means. A name is unique nowhere, so it counts only where one member alone has it.
 *
 * @throws NodeError `no-such-member`, `name-ambiguous`, IdentityError `did-malformed`, `did-too-long`
 */
export function findMember<Member extends Pick<DescribedMember, 'did' | 'name'>>(
  members: readonly Member[],
  who: string,
): Named<Member> {
  if (who.startsWith(DID_BEGIN)) {
    const did = parseDid(who)
    return { did, member: members.find((member) => member.did === did) }
  }
  const [member, ...others] = members.filter(({ name }) => name === who)
  if (member === undefined) {
    throw new NodeError('no-such-member', 'no member has that name; use the DID')
  }
  if (others.length > 0) {
    const dids = [member, ...others].map(({ did }) => did).join(', ')
    throw new NodeError('name-ambiguous', `several members have that name: ${dids}; use the DID`)
  }
  return { did: member.did, member }
}
