import { basename, dirname, isAbsolute, join, relative, sep } from 'node:path'
import { decodePublicPair, PUBLIC_PAIR_LENGTH_MAX, type PolicySetSigners } from '@warren/membership'
import type { PolicyTrust } from '../../config/policy-config.ts'
import { NodeError } from '../../node-error.ts'
import { readGuardedFile } from '../read-guarded-file.ts'
import { placesOnTheWay } from './places-on-the-way.ts'

/**
 * Reads the keys of those who sign policies, from the files that the configuration names.
 *
 * @throws NodeError `policy-signers-invalid`, `policies-open`, `policies-foreign`, `policies-unreadable`, MembershipError `public-keys-…`
 */
export function readPolicySigners(
  { signers: paths, threshold }: PolicyTrust,
  policies: string,
): PolicySetSigners {
  const directory = placesOnTheWay(policies).at(-1) ?? policies
  const signers = paths.map((path) => {
    const places = placesOnTheWay(dirname(path))
    // What a set may exchange says nothing about who signs sets.
    if (places.some((place) => isWithin(place, directory))) {
      throw invalid(
        `"${path}" lies in the directory of the policies, or is reached through it, which whoever writes sets may change; keep the keys of signers outside of it`,
      )
    }
    const text = readGuardedFile(
      join(places.at(-1) ?? dirname(path), basename(path)),
      'refused',
    ).replace(/\r?\n$/, '')
    if (text.length <= PUBLIC_PAIR_LENGTH_MAX) return decodePublicPair(text)
    throw invalid(`"${path}" has more than ${PUBLIC_PAIR_LENGTH_MAX} characters`)
  })
  const keys = signers.flatMap(({ did, ed25519, mlDsa44 }) => [
    did,
    ed25519.multikey,
    mlDsa44.multikey,
  ])
  // One person under two names would count twice.
  if (new Set(keys).size < keys.length) throw invalid('two signers have one DID or one key')
  if (threshold > signers.length) {
    throw invalid(`${threshold} of ${signers.length} signers cannot sign`)
  }
  return { signers, threshold }
}

function isWithin(place: string, directory: string): boolean {
  const way = relative(directory, place)
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)
}

function invalid(why: string): NodeError {
  return new NodeError('policy-signers-invalid', `policy.signers in warren.yaml: ${why}`)
}
