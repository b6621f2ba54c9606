import { resolve } from 'node:path'
import type { ExportTarget } from './export-target.ts'

/** A target with absolute paths. */
export function resolveTarget(target: ExportTarget, directory: string): ExportTarget {
  if (target.transport === 'file') return { ...target, path: resolve(directory, target.path) }
  if (!('ca' in target)) return target
  const { ca, cert, key } = target
  return {
    ...target,
    ca: resolve(directory, ca),
    ...(cert === undefined ? {} : { cert: resolve(directory, cert) }),
    ...(key === undefined ? {} : { key: resolve(directory, key) }),
  }
}
