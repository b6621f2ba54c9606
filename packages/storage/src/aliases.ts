import { integer, type Row, text } from './row.ts'
import type { Sqlite } from './sqlite.ts'
import { StorageError } from './storage-error.ts'
import { checkRecordText } from './text-record.ts'

const ALIAS_LENGTH_MAX = 20
/** What one member can take of the table, so that it cannot shut the others out. */
const ALIASES_PER_MEMBER_MAX = 256
const ALIASES_MAX = 10_000
/** Enough of a name to make an alias of; the rest of a long one is not looked at. */
const NAME_LENGTH_READ = 256
const FALLBACK = 'server'

/** A short local name of a server somewhere in the mesh. */
export interface StoredAlias {
  /** `[a-z][a-z0-9-]*`, at most 20 characters. */
  readonly alias: string
  readonly did: string
  readonly server: string
}

/**
 * The short names under which a host sees remote servers.
 *
 * Given once and kept: a name never depends on who is online, and never passes from one server to
 * another. Bounded: 256 for each member, 10,000 in all.
 */
export class Aliases {
  readonly #database: Sqlite

  constructor(database: Sqlite) {
    this.#database = database
  }

  /**
   * The alias of a member's server, given now when it has none; durable when this returns.
   *
   * @throws StorageError `aliases-full`
   */
  aliasFor(did: string, server: string): string {
    checkRecordText(did)
    checkRecordText(server)
    return this.#find(did, server) ?? this.#database.transaction(() => this.#assign(did, server))
  }

  /** The server that has this alias. */
  resolve(alias: string): StoredAlias | undefined {
    const row = this.#database.get('SELECT * FROM alias WHERE alias = :alias', { alias })
    return row === undefined ? undefined : aliasOf(row)
  }

  /** All aliases in alphabetical order. */
  list(): readonly StoredAlias[] {
    return this.#database.all('SELECT * FROM alias ORDER BY alias').map(aliasOf)
  }

  #find(did: string, server: string): string | undefined {
    const row = this.#database.get(
      'SELECT alias FROM alias WHERE did = :did AND server = :server',
      { did, server },
    )
    return row === undefined ? undefined : text(row, 'alias')
  }

  #assign(did: string, server: string): string {
    // Another process may have given it while this one waited for the write lock.
    const known = this.#find(did, server)
    if (known !== undefined) return known
    this.#refuseWhenFull(did)
    const alias = this.#firstFree(server)
    this.#database.run('INSERT INTO alias (alias, did, server) VALUES (:alias, :did, :server)', {
      alias,
      did,
      server,
    })
    return alias
  }

  #refuseWhenFull(did: string): void {
    const row = this.#database.get(
      'SELECT count(*) AS total, count(*) FILTER (WHERE did = :did) AS own FROM alias',
      { did },
    )
    if (row === undefined) return
    if (integer(row, 'total') >= ALIASES_MAX || integer(row, 'own') >= ALIASES_PER_MEMBER_MAX) {
      throw new StorageError('aliases-full', 'there are too many aliases')
    }
  }

  #firstFree(server: string): string {
    const base = baseName(server)
    if (this.resolve(base) === undefined) return base
    // Among one number more than there are aliases, one is free.
    for (let number = 2; number <= ALIASES_MAX + 1; number += 1) {
      const suffix = `-${number}`
      const candidate = `${base.slice(0, ALIAS_LENGTH_MAX - suffix.length)}${suffix}`
      if (this.resolve(candidate) === undefined) return candidate
    }
    throw new StorageError('aliases-full', 'there is no free alias')
  }
}

function baseName(server: string): string {
  const name = server
    .slice(0, NAME_LENGTH_READ)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+/, '')
    .slice(0, ALIAS_LENGTH_MAX)
    .replace(/-+$/, '')
  return name === '' ? FALLBACK : name
}

function aliasOf(row: Row): StoredAlias {
  return { alias: text(row, 'alias'), did: text(row, 'did'), server: text(row, 'server') }
}
