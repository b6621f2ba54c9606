/**
 * What a command needs that talks to a running node: nothing of the mesh is loaded for it.
 *
 * Does I/O. Specified in docs/specs/daemon.md.
 *
 * @packageDocumentation
 */
export { readSharedFile, readSharedFileOrPipe, unwritableFile } from '@warren/storage'
export { pumpStdio, REFUSAL_META_KEY } from '@warren/mcp/stdio'
export { askNode, ControlRefusal, openMcpPipe } from './control/control-client.ts'
export { controlSocketOf } from './data-directory.ts'
export { ENTRY_KINDS } from './control/entry-kinds.ts'
export { HOST_KINDS, type HostKind, hostSnippet } from './import/host-snippet.ts'
export { listMember, numberMember, textMember } from './json-member.ts'
export { checkEnclave, checkRoles } from './label.ts'
export { NodeError, type NodeErrorCode } from './node-error.ts'
export { readPassphraseFd, readPassphraseFile } from './passphrase-source.ts'
export { VERSION } from './version.ts'
