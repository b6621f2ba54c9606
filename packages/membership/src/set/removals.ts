import { multihashOf, scidOf } from '@warren/identity'
import type {
  QuarantineRecord,
  RevocationRecord,
  RevocationTarget,
} from '../records/mesh-record.ts'
import { Grouped } from './grouped.ts'
import type { RecordSet } from './record-set.ts'

/** What a record takes away, as a key to look it up by. */
export type RemovalKey =
  `${'member' | 'key' | 'enroller' | 'admin' | 'bundle' | 'credential'} ${string}`

/** Under which key a target is found. */
export function removalKey(target: RevocationTarget): RemovalKey {
  if ('did' in target) return `member ${scidOf(target.did)}`
  if ('keyHash' in target) return `key ${target.keyHash}`
  if ('enroller' in target) return `enroller ${target.enroller}`
  if ('admin' in target) return `admin ${target.admin}`
  if ('bundleSigner' in target) return `bundle ${target.bundleSigner}`
  return `credential ${target.credential}`
}

/** Revocations and quarantines, found by what they take away. */
export class Removals {
  readonly #revocations: Grouped<RevocationRecord>
  readonly #quarantines: Grouped<QuarantineRecord>
  readonly #byIssuer: Grouped<QuarantineRecord>

  constructor(from?: Removals) {
    this.#revocations = new Grouped(from === undefined ? undefined : from.#revocations)
    this.#quarantines = new Grouped(from === undefined ? undefined : from.#quarantines)
    this.#byIssuer = new Grouped(from === undefined ? undefined : from.#byIssuer)
  }

  revoke(record: RevocationRecord): void {
    for (const key of new Set(record.targets.map(removalKey))) this.#revocations.add(key, record)
  }

  quarantine(record: QuarantineRecord): void {
    this.#quarantines.add(record.scid, record)
    this.#byIssuer.add(record.issuer, record)
  }

  revocations(key: RemovalKey): readonly RevocationRecord[] {
    return this.#revocations.get(key) ?? []
  }

  quarantines(scid: string): readonly QuarantineRecord[] {
    return this.#quarantines.get(scid) ?? []
  }

  quarantinesBy(issuer: string): readonly QuarantineRecord[] {
    return this.#byIssuer.get(issuer) ?? []
  }
}

/** A membership's list of keys never changes, and naming a key costs hashing. */
const NAMES = new WeakMap<readonly string[], readonly RemovalKey[]>()

/** The revocations that hit any of the keys of a membership. */
export function revocationsOfKeys(
  set: RecordSet,
  multikeys: readonly string[],
): readonly RevocationRecord[] {
  const names = NAMES.get(multikeys) ?? multikeys.map((each) => nameOf(set, each))
  NAMES.set(multikeys, names)
  return names.flatMap((name) => set.tables.removals.revocations(name))
}

/** The revocations that hit a key, by its multikey text: whoever shows it is refused, whatever the DID. */
export function revocationsOfKey(set: RecordSet, multikey: string): readonly RevocationRecord[] {
  return set.tables.removals.revocations(nameOf(set, multikey))
}

function nameOf({ suite }: RecordSet, multikey: string): RemovalKey {
  return `key z${multihashOf(suite, multikey)}`
}
