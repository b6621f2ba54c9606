import type { MembershipError } from '../membership-error.ts'

const MENDABLE: ReadonlySet<string> = new Set([
  'signer-unknown',
  'predecessor-unknown',
  'record-unproved',
])

/** Whether a record that comes later can make good for what one was refused. */
export function isMendable({ code }: MembershipError): boolean {
  return MENDABLE.has(code)
}
