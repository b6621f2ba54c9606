import { scidOf } from '@warren/identity'
import type {
  QuarantineRecord,
  RevocationRecord,
  RevocationTarget,
} from '../records/mesh-record.ts'

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
  readonly #revocations = new Map<RemovalKey, RevocationRecord[]>()
  readonly #quarantines = new Map<string, QuarantineRecord[]>()
  readonly #byIssuer = new Map<string, QuarantineRecord[]>()

  /** A copy that grows on its own. */
  copy(): Removals {
    const copy = new Removals()
    for (const [key, list] of this.#revocations) copy.#revocations.set(key, list)
    for (const [key, list] of this.#quarantines) copy.#quarantines.set(key, list)
    for (const [key, list] of this.#byIssuer) copy.#byIssuer.set(key, list)
    return copy
  }

  revoke(record: RevocationRecord): void {
    for (const key of new Set(record.targets.map(removalKey))) {
      this.#revocations.set(key, [...(this.#revocations.get(key) ?? []), record])
    }
  }

  quarantine(record: QuarantineRecord): void {
    const { scid, issuer } = record
    this.#quarantines.set(scid, [...(this.#quarantines.get(scid) ?? []), record])
    this.#byIssuer.set(issuer, [...(this.#byIssuer.get(issuer) ?? []), record])
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

  /** The DIDs, keys and so on that something was revoked of. */
  revokedKeys(): readonly RemovalKey[] {
    return [...this.#revocations.keys()]
  }
}
