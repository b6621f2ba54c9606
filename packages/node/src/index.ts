/**
 * The composition root: configuration in, running node out.
 *
 * Specified in docs/specs/node.md.
 *
 * @packageDocumentation
 */
export type { ExportTarget } from './audit/export/export-target.ts'
export { SiemExport, type SiemExportInit } from './audit/export/siem-export.ts'
export { addServer, type AddedServer, type AddServerInit } from './add-server.ts'
export type { FreshnessSeconds } from '@warren/membership'
export {
  type HostFileImport,
  importHostFile,
  type ImportResult,
} from './import/import-host-file.ts'
export { type FoundedMesh, initMesh, type InitMeshInit } from './init-mesh.ts'
export { joinMesh, type JoinMeshInit, type NewMember } from './join-mesh.ts'
export type { NodeEvent, Report } from './node-event.ts'
export { configuredPassphraseFile } from './passphrase-source.ts'
export { type RunningNode, startNode, type StartNodeInit } from './start-node.ts'
