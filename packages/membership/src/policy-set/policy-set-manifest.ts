import { canonicalJson, type JsonObject } from '@warren/core'
import type { CryptoSuite } from '@warren/crypto'
import { contentId, formatTimestamp } from '@warren/identity'
import { verifyAdminProofs } from '../admin-proofs.ts'
import { type AdminSigner, publicPair, signByAdmins } from '../admin-signer.ts'
import type { CharterAdmin } from '../charter.ts'
import { adminProofs } from '../admin-keys.ts'
import { CONTENT_ID_RULE } from '../labels.ts'
import { MembershipError } from '../membership-error.ts'
import { parseRecord, type RecordReader } from '../record-reader.ts'

/** Characters of a manifest: 640 files and the proofs of 16 signers. */
export const POLICY_SET_LENGTH_MAX = 262_144
/** Files of one set. */
const FILES_MAX = 640
const VERSION_MAX = 1_000_000_000
const MARK = 'policy-set'
const FORM = 1
const NAME_RULE = { lengthMax: 64, pattern: /^[a-z][a-z0-9-]{0,63}$/ }
const FILE_NAME_RULE = { lengthMax: 160, pattern: /^(?:tools\/)?[\w][\w .-]{0,127}$/ }
const DIGEST_RULE = { lengthMax: 43, pattern: /^[\w-]{43}$/ }
const METHOD_RULE = { lengthMax: 512 }
const PROOFS_MAX = 32

/** One file of a set: its name below the directory, and the SHA-256 of its text as base64url. */
export interface PolicySetFile {
  readonly name: string
  readonly digest: string
}

/** What is signed: which files are the policy, for which mesh and nodes, from when and until when. */
export interface PolicySetTerms {
  /** The mesh id. */
  readonly mesh: string
  /** The name that the configuration of the nodes asks for. */
  readonly name: string
  /** From 1 up; never goes back. */
  readonly version: number
  /** Wall-clock milliseconds, the end not included. */
  readonly notBeforeMs: number
  readonly notAfterMs: number
  /** Each once, in any order. */
  readonly files: readonly PolicySetFile[]
}

/** A manifest that was read; who signed it is another question. */
export interface PolicySetManifest extends PolicySetTerms {
  readonly document: JsonObject
  /** Content id of the document without its proofs. */
  readonly id: string
}

/** Who has to sign a set. */
export interface PolicySetSigners {
  readonly signers: readonly CharterAdmin[]
  /** How many different ones of them. */
  readonly threshold: number
}

/** Whose keys sign, and the wall-clock milliseconds that the proofs say. */
export interface PolicySetSigning {
  readonly signer: AdminSigner
  readonly nowMs: number
}

/**
 * Writes an unsigned manifest.
 *
 * @throws MembershipError `policy-set-malformed` for terms that could not be read back
 */
export function createPolicySet(suite: CryptoSuite, terms: PolicySetTerms): PolicySetManifest {
  const { mesh, name, version, notBeforeMs, notAfterMs, files } = terms
  const document = {
    warren: MARK,
    v: FORM,
    mesh,
    name,
    version,
    notBefore: formatTimestamp(notBeforeMs),
    notAfter: formatTimestamp(notAfterMs),
    files: files.map((file) => ({ name: file.name, digest: file.digest })),
  }
  return decodePolicySet(suite, canonicalJson(document))
}

/** The manifest as it stands in a file. */
export function encodePolicySet({ document }: PolicySetManifest): string {
  return canonicalJson(document)
}

/**
 * Reads a manifest, signed or not: length, canonical form, exact members.
 *
 * @throws MembershipError `policy-set-too-large`, `policy-set-malformed`
 */
export function decodePolicySet(suite: CryptoSuite, text: string): PolicySetManifest {
  const record = parseRecord('policy-set', text, POLICY_SET_LENGTH_MAX)
  record.members(
    ['warren', 'v', 'mesh', 'name', 'version', 'notBefore', 'notAfter', 'files'],
    ['proof'],
  )
  record.constant('warren', MARK)
  record.constant('v', FORM)
  const terms = {
    mesh: record.text('mesh', CONTENT_ID_RULE),
    name: record.text('name', NAME_RULE),
    version: record.integer('version', { min: 1, max: VERSION_MAX }),
    notBeforeMs: record.timeMs('notBefore'),
    notAfterMs: record.timeMs('notAfter'),
    files: readFiles(record),
  }
  if (terms.notAfterMs <= terms.notBeforeMs) throw record.fault('it ends before it begins')
  return { ...terms, document: record.object, id: contentId(suite, record.object) }
}

function readFiles(record: RecordReader): readonly PolicySetFile[] {
  const files = record.children('files', FILES_MAX).map((file) => {
    file.members(['name', 'digest'])
    return { name: file.text('name', FILE_NAME_RULE), digest: file.text('digest', DIGEST_RULE) }
  })
  if (new Set(files.map(({ name }) => name)).size < files.length) {
    throw record.fault('"files" names a file twice')
  }
  return files
}

/**
 * Adds both signatures of one signer.
 *
 * @throws MembershipError `signed-already`, `policy-set-malformed`
 */
export function signPolicySet(
  suite: CryptoSuite,
  manifest: PolicySetManifest,
  { signer, nowMs }: PolicySetSigning,
): PolicySetManifest {
  if (claimedPolicySigners(suite, manifest, [publicPair(signer)]).length > 0) {
    throw new MembershipError('signed-already', 'these keys have signed the policy set already')
  }
  const { document } = manifest
  const signed = signByAdmins({ suite, document, signers: [signer], createdMs: nowMs })
  return decodePolicySet(suite, canonicalJson(signed))
}

/** Those of some signers of whom any signature stands in the manifest; whether it is valid is not said. */
export function claimedPolicySigners(
  suite: CryptoSuite,
  manifest: PolicySetManifest,
  signers: readonly CharterAdmin[],
): readonly CharterAdmin[] {
  const methods = new Set(methodsOf(manifest))
  return signers.filter((signer) =>
    adminProofs(suite, signer).some(({ verificationMethod }) => methods.has(verificationMethod)),
  )
}

/**
 * Requires that enough of the signers have signed with all their keys, and nobody else.
 *
 * @throws MembershipError `policy-set-unproved`
 */
export function verifyPolicySet(
  suite: CryptoSuite,
  { document }: PolicySetManifest,
  { signers, threshold }: PolicySetSigners,
): void {
  if (!Object.hasOwn(document, 'proof')) {
    throw new MembershipError('policy-set-unproved', 'the policy set is not signed')
  }
  verifyAdminProofs({ suite, kind: 'policy-set', document, admins: signers, threshold })
}

function methodsOf({ document }: PolicySetManifest): readonly string[] {
  if (!Object.hasOwn(document, 'proof')) return []
  const record = parseRecord('policy-set', canonicalJson(document), POLICY_SET_LENGTH_MAX)
  return record
    .children('proof', PROOFS_MAX)
    .map((proof) => proof.text('verificationMethod', METHOD_RULE))
}
