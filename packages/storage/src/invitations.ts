import { integer, optionalInteger, optionalText, type Row, text, textList } from './row.ts'
import type { Sqlite } from './sqlite.ts'
import { StorageError } from './storage-error.ts'
import { checkRecordText } from './text-record.ts'

const SECRET_HASH_BYTES = 32
const INVITATIONS_MAX = 10_000
/** How long an invitation that nobody can use any more stays listed. */
const KEPT_AFTER_EXPIRY_MS = 30 * 24 * 60 * 60 * 1_000

/** What an invitation grants. */
export interface InvitationGrant {
  readonly enclave: string
  readonly roles: readonly string[]
  /** What the inviter wrote for herself. */
  readonly note: string
}

export interface NewInvitation extends InvitationGrant {
  /** SHA-256 of the secret, 32 bytes. The secret itself is never stored. */
  readonly secretHash: Uint8Array
  readonly createdMs: number
  readonly expiresMs: number
}

export interface StoredInvitation extends InvitationGrant {
  readonly createdMs: number
  readonly expiresMs: number
  readonly usedMs: number | undefined
  /** The DID that used it. */
  readonly usedBy: string | undefined
}

export interface InvitationQuestion {
  readonly secretHash: Uint8Array
  readonly nowMs: number
}

/** Whether an invitation can be used, and if not, why. */
export type InvitationStanding = 'open' | 'unknown' | 'expired' | 'used'

export interface Redemption extends InvitationQuestion {
  readonly did: string
}

/** What came of an attempt to use an invitation. Only the first `ok` of an invitation ever is one. */
export type RedemptionResult =
  | { readonly status: 'ok'; readonly grant: InvitationGrant }
  | { readonly status: 'used'; readonly usedBy: string }
  | { readonly status: 'unknown' | 'expired' }

/** The invitations that this node gave out. Bounded: 10,000, those long expired are forgotten. */
export class Invitations {
  readonly #database: Sqlite

  constructor(database: Sqlite) {
    this.#database = database
  }

  /**
   * Adds an invitation; durable when this returns.
   *
   * @throws StorageError `invitation-exists`, `invitations-full`, `record-malformed`
   */
  add(invitation: NewInvitation): void {
    checkHash(invitation.secretHash)
    checkRecordText(invitation.note)
    this.#database.transaction(() => {
      this.#forgetExpired(invitation.createdMs)
      const row = this.#database.get('SELECT count(*) AS count FROM invitation')
      if (row !== undefined && integer(row, 'count') >= INVITATIONS_MAX) {
        throw new StorageError('invitations-full', `there are ${INVITATIONS_MAX} invitations`)
      }
      if (this.#find(invitation.secretHash) !== undefined) {
        throw new StorageError('invitation-exists', 'there is an invitation with this secret')
      }
      this.#insert(invitation)
    })
  }

  /** How an invitation stands; changes nothing. */
  standing({ secretHash, nowMs }: InvitationQuestion): InvitationStanding {
    checkHash(secretHash)
    return standingOf(this.#find(secretHash), nowMs)
  }

  /** What using an invitation would give; changes nothing. */
  offered({ secretHash, nowMs }: InvitationQuestion): RedemptionResult {
    checkHash(secretHash)
    return resultFor(this.#find(secretHash), nowMs)
  }

  /** Uses an invitation, at most once for all processes together; durable when this returns. */
  redeem({ secretHash, did, nowMs }: Redemption): RedemptionResult {
    checkHash(secretHash)
    checkRecordText(did)
    return this.#database.transaction(() => {
      const result = resultFor(this.#find(secretHash), nowMs)
      if (result.status !== 'ok') return result
      this.#database.run(
        'UPDATE invitation SET used_ms = :nowMs, used_by = :did WHERE secret_hash = :secretHash',
        { nowMs, did, secretHash },
      )
      return result
    })
  }

  /** All invitations, the newest first. */
  list(): readonly StoredInvitation[] {
    const rows = this.#database.all('SELECT * FROM invitation ORDER BY created_ms DESC')
    return rows.map(invitationOf)
  }

  #find(secretHash: Uint8Array): Row | undefined {
    return this.#database.get('SELECT * FROM invitation WHERE secret_hash = :secretHash', {
      secretHash,
    })
  }

  #insert({ secretHash, createdMs, expiresMs, enclave, roles, note }: NewInvitation): void {
    this.#database.run(
      `INSERT INTO invitation (secret_hash, created_ms, expires_ms, enclave, roles, note)
       VALUES (:secretHash, :createdMs, :expiresMs, :enclave, :roles, :note)`,
      { secretHash, createdMs, expiresMs, enclave, roles: JSON.stringify(roles), note },
    )
  }

  #forgetExpired(nowMs: number): void {
    this.#database.run('DELETE FROM invitation WHERE expires_ms < :beforeMs', {
      beforeMs: nowMs - KEPT_AFTER_EXPIRY_MS,
    })
  }
}

function resultFor(row: Row | undefined, nowMs: number): RedemptionResult {
  const status = standingOf(row, nowMs)
  if (row === undefined) return { status: 'unknown' }
  if (status === 'used') return { status, usedBy: text(row, 'used_by') }
  return status === 'open' ? { status: 'ok', grant: grantOf(row) } : { status }
}

function standingOf(row: Row | undefined, nowMs: number): InvitationStanding {
  if (row === undefined) return 'unknown'
  if (optionalText(row, 'used_by') !== undefined) return 'used'
  return nowMs >= integer(row, 'expires_ms') ? 'expired' : 'open'
}

function invitationOf(row: Row): StoredInvitation {
  return {
    ...grantOf(row),
    createdMs: integer(row, 'created_ms'),
    expiresMs: integer(row, 'expires_ms'),
    usedMs: optionalInteger(row, 'used_ms'),
    usedBy: optionalText(row, 'used_by'),
  }
}

function grantOf(row: Row): InvitationGrant {
  return {
    enclave: text(row, 'enclave'),
    roles: textList(row, 'roles'),
    note: text(row, 'note'),
  }
}

function checkHash(secretHash: Uint8Array): void {
  if (secretHash.length !== SECRET_HASH_BYTES) {
    throw new StorageError(
      'record-malformed',
      `the hash of a secret has ${SECRET_HASH_BYTES} bytes`,
    )
  }
}
