/**
 * Test hosts on cables of their own: Linux network namespaces, joined by bridges, without a way out.
 *
 * Needs Linux, root and iproute2; `labSupport` says what is missing. Specified in docs/specs/netlab.md.
 *
 * @packageDocumentation
 */
export type { Cable } from './cable.ts'
export type { ExecOptions, ExecResult, Host } from './host.ts'
export { createLab, type Lab } from './lab.ts'
export { LabError, type LabErrorCode } from './lab-error.ts'
export { labSupport, type LabSupport } from './lab-support.ts'
export type { AddressFamily, CableOptions, LabOptions } from './lab-options.ts'
