import { IdentityError } from './identity-error.ts'
import { wipeSeeds } from './identity-seeds.ts'

/** Keeps copies of seeds until they are wiped. It shares no memory with anybody. */
export class SeedVault {
  readonly #seeds: Readonly<Record<string, Uint8Array>>
  #wiped = false

  constructor(seeds: Readonly<Record<string, Uint8Array>>) {
    this.#seeds = copyOf(seeds)
  }

  /** Copies of the seeds. Throws IdentityError `identity-wiped`. */
  read(): Readonly<Record<string, Uint8Array>> {
    if (this.#wiped) throw new IdentityError('identity-wiped', 'the secrets have been wiped')
    return copyOf(this.#seeds)
  }

  wipe(): void {
    this.#wiped = true
    wipeSeeds(this.#seeds)
  }
}

function copyOf(seeds: Readonly<Record<string, Uint8Array>>): Readonly<Record<string, Uint8Array>> {
  return Object.fromEntries(Object.entries(seeds).map(([name, seed]) => [name, seed.slice()]))
}
