/**
 * What the commands of the admins' ceremony need: keys, requests, their signatures, and where they go. Nothing of the network is loaded for it.
 *
 * Does I/O. Specified in docs/specs/ceremony.md.
 *
 * @packageDocumentation
 */
export type { SigningRequest } from '@warren/membership'
export {
  type AdminKeys,
  makeAdminKeys,
  makeNextAdminKeys,
  openAdminKeys,
  readPublicFile,
} from './ceremony/admin-keys.ts'
export {
  checkCredentials,
  checkKnown,
  checkReason,
  checkServers,
  checkWho,
  parseKeyHash,
} from './ceremony/check-wish.ts'
export {
  finishFounding,
  foundMeshHere,
  type FoundedMesh,
  requestFounding,
} from './ceremony/found-mesh.ts'
export { finishJoin, requestJoin } from './ceremony/join-by-file.ts'
export { requestReturn } from './ceremony/return-by-file.ts'
export { adminOfKeys, requestFor } from './ceremony/propose.ts'
export {
  openJoinFile,
  proposeAdmission,
  proposeEnroller,
  proposeRenewal,
  proposeReturn,
} from './ceremony/propose-admission.ts'
export { proposeAdminChange } from './ceremony/propose-admin-change.ts'
export { proposeIsland, proposeQuarantine, proposeRevocation } from './ceremony/proposals.ts'
export { recordsOfNode, type RecordsClient } from './ceremony/records-client.ts'
export {
  readRequestFiles,
  recordsOf,
  type RequestView,
  signWith,
  viewRequest,
  writeRequestFile,
} from './ceremony/request-file.ts'
export { type StapleView, viewStapleFile, writeStapleFile } from './ceremony/staple-file.ts'
export {
  type DescribedMember,
  type DescribedReason,
  type MeshDescription,
  readFreshness,
  readMembers,
  readReason,
  type SubmitOutcome,
} from './control/records-protocol.ts'
export { adminKeyFileOf } from './data-directory.ts'
export { configuredPassphraseFile } from './passphrase-source.ts'
