import { type Did, isDid } from '@warren/identity'
import { newestMembership, type RecordSet } from '@warren/membership'
import type { Report } from '../node-event.ts'
import { forkedWitnesses } from './pinned-witness.ts'

/** Says once for each witness that it has said two things under one number: by whichever way that was found out. */
export class ForkAlarm {
  readonly #report: Report
  #told: ReadonlySet<Did> = new Set()

  constructor(report: Report) {
    this.#report = report
  }

  /** To be called when the records have changed. */
  look(set: RecordSet): void {
    const forked = forkedWitnesses(set)
    for (const did of forked) {
      if (this.#told.has(did)) continue
      const message = forkWords(set, did)
      this.#report({ event: 'witness-forked', level: 'error', did, message })
    }
    this.#told = forked
  }
}

/** What an administrator has to know of a witness that contradicts itself. */
export function forkWords(set: RecordSet, did: Did): string {
  return `the witness ${memberWords(set, did)} has said two different things under one number and counts no more: look into its machine, and replace it`
}

/** What people call a member, which is unique nowhere, with its DID. */
export function memberWords(set: RecordSet, did: string): string {
  const name = isDid(did) ? newestMembership(set, did)?.membership.name : undefined
  return name === undefined ? did : `${name} (${did})`
}
