/**
 * The composition root: configuration in, running node out.
 *
 * Specified in docs/specs/node.md.
 *
 * @packageDocumentation
 */
export { pumpStdio, REFUSAL_META_KEY } from '@warren/mcp'
export { addServer, type AddedServer, type AddServerInit } from './add-server.ts'
export { askNode, openMcpPipe } from './control/control-client.ts'
export { controlSocketOf } from './data-directory.ts'
export { HOST_KINDS, type HostKind, hostSnippet } from './import/host-snippet.ts'
export {
  type HostFileImport,
  importHostFile,
  type ImportResult,
} from './import/import-host-file.ts'
export { type FoundedMesh, initMesh, type InitMeshInit } from './init-mesh.ts'
export { joinMesh, type JoinMeshInit, type NewMember } from './join-mesh.ts'
export { listMember, textMember } from './json-member.ts'
export { checkEnclave, checkRoles } from './label.ts'
export { NodeError, type NodeErrorCode } from './node-error.ts'
export type { NodeEvent, Report } from './node-event.ts'
export {
  configuredPassphraseFile,
  readPassphraseFd,
  readPassphraseFile,
} from './passphrase-source.ts'
export { type RunningNode, startNode, type StartNodeInit } from './start-node.ts'
export { VERSION } from './version.ts'
