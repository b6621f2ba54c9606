/**
 * What a process needs that only carries a host's standard streams to a running node: none of the relay.
 *
 * Does I/O. Specified in docs/specs/mcp.md.
 *
 * @packageDocumentation
 */
export { pumpStdio } from './entry/pump-stdio.ts'
export { REFUSAL_META_KEY } from './word-of-node.ts'
