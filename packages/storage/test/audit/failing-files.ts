import { type FileAccess, type OpenFile, systemFiles } from '../../src/audit/file-access.ts'

type Fault = 'ENOSPC' | 'EIO' | 'EROFS'

/** Real files whose disk can be ordered to fail. */
export interface FailingFiles extends FileAccess {
  /** The error that every write gives from now on, or none. */
  write: Fault | undefined
  /** The error that every flush gives from now on, or none. */
  flush: Fault | undefined
  /** The most that one write takes. */
  takeMax: number
  /** Where the disk ends: no byte has a place beyond. */
  endMax: number
  /** Holds each flush back until this resolves. */
  gate: Promise<void> | undefined
}

/** Files of the system behind a switch for each way in which a disk fails. */
export function failingFiles(): FailingFiles {
  const files: FailingFiles = {
    write: undefined,
    flush: undefined,
    takeMax: Number.POSITIVE_INFINITY,
    endMax: Number.POSITIVE_INFINITY,
    gate: undefined,
    lstat: async (path) => systemFiles.lstat(path),
    open: async (path, flags, mode) => failing(files, await systemFiles.open(path, flags, mode)),
  }
  return files
}

function failing(files: FailingFiles, file: OpenFile): OpenFile {
  return {
    write: async (bytes, { offset, length, position }) => {
      if (files.write !== undefined) throw errno(files.write)
      const room = files.endMax - position
      if (room <= 0) throw errno('ENOSPC')
      return file.write(bytes, { offset, length: Math.min(length, files.takeMax, room), position })
    },
    datasync: async () => {
      if (files.flush !== undefined) throw errno(files.flush)
      await files.gate
      return file.datasync()
    },
    truncate: async (length) => file.truncate(length),
    stat: async () => file.stat(),
    close: async () => file.close(),
  }
}

function errno(code: Fault): Error {
  return Object.assign(new Error(code), { code })
}
