/**
 * Parts of a mesh in memory, for tests only.
 *
 * @packageDocumentation
 */
export { type MemoryStream, memoryStreamPair } from './memory-stream.ts'
