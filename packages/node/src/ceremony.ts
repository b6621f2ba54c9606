/**
 * What the commands of the admins' ceremony need: keys, requests and their signatures. Nothing of the network is loaded for it.
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
  finishFounding,
  foundMeshHere,
  type FoundedMesh,
  requestFounding,
} from './ceremony/found-mesh.ts'
export {
  readRequestFiles,
  recordsOf,
  type RequestView,
  signWith,
  viewRequest,
  writeRequestFile,
} from './ceremony/request-file.ts'
