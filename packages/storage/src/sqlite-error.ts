import { errnoOf } from './errno.ts'
import { StorageError } from './storage-error.ts'

// https://www.sqlite.org/rescode.html: the low byte is the primary code, the rest says more.
const PRIMARY_CODE = 0xff
const DETAIL_SHIFT = 8
const SQLITE_PERM = 3
const SQLITE_BUSY = 5
const SQLITE_LOCKED = 6
const SQLITE_READONLY = 8
const SQLITE_IOERR = 10
const SQLITE_CORRUPT = 11
const SQLITE_FULL = 13
const SQLITE_CANTOPEN = 14
const SQLITE_NOTADB = 26
/** The index of the log could not grow: SQLite's answer where a full disk is met in opening a store. */
const SQLITE_IOERR_SHMSIZE = SQLITE_IOERR | (19 << DETAIL_SHIFT)

const NAMES: ReadonlyMap<number, string> = new Map([
  [1, 'ERROR'],
  [2, 'INTERNAL'],
  [SQLITE_PERM, 'PERM'],
  [4, 'ABORT'],
  [7, 'NOMEM'],
  [SQLITE_READONLY, 'READONLY'],
  [9, 'INTERRUPT'],
  [SQLITE_IOERR, 'IOERR'],
  [SQLITE_CANTOPEN, 'CANTOPEN'],
  [15, 'PROTOCOL'],
  [17, 'SCHEMA'],
  [18, 'TOOBIG'],
  [19, 'CONSTRAINT'],
  [20, 'MISMATCH'],
  [21, 'MISUSE'],
])

/** What follows `SQLITE_IOERR_` for the details 1, 2, 3 and so on. */
const IO_ERRORS = (
  'READ SHORT_READ WRITE FSYNC DIR_FSYNC TRUNCATE FSTAT UNLOCK RDLOCK DELETE BLOCKED NOMEM ACCESS ' +
  'CHECKRESERVEDLOCK LOCK CLOSE DIR_CLOSE SHMOPEN SHMSIZE SHMLOCK SHMMAP SEEK DELETE_NOENT MMAP ' +
  'GETTEMPPATH CONVPATH VNODE AUTH BEGIN_ATOMIC COMMIT_ATOMIC ROLLBACK_ATOMIC DATA CORRUPTFS IN_PAGE'
).split(' ')

/** The coded error for what `node:sqlite` threw; every other error as it is. */
export function translateSqliteError(error: unknown): unknown {
  if (!(error instanceof Error) || errnoOf(error) !== 'ERR_SQLITE_ERROR') return error
  const code = 'errcode' in error && typeof error.errcode === 'number' ? error.errcode : 0
  if (code === SQLITE_IOERR_SHMSIZE) return fullStore(error)
  switch (code & PRIMARY_CODE) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return new StorageError('store-locked', 'another process holds the store', { cause: error })
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return corruptStore(error)
    case SQLITE_FULL:
      return fullStore(error)
    default:
      return new StorageError('store-failed', `the store failed (${nameOf(code)})${advice(code)}`, {
        cause: error,
      })
  }
}

/** The error of a store whose content cannot be what this program wrote. */
export function corruptStore(cause?: unknown): StorageError {
  return new StorageError('store-corrupt', 'the store is damaged or not a store', { cause })
}

function fullStore(cause: unknown): StorageError {
  return new StorageError(
    'store-full',
    'the disk is full and nothing of this write was kept: free space where the data directory lies, then try again',
    { cause },
  )
}

/** SQLite's own name of a result code, by which its documentation can be searched. */
function nameOf(code: number): string {
  const primary = code & PRIMARY_CODE
  const detail = code >> DETAIL_SHIFT
  const ioError = primary === SQLITE_IOERR ? IO_ERRORS[detail - 1] : undefined
  if (ioError !== undefined) return `SQLITE_IOERR_${ioError}`
  const name = NAMES.get(primary)
  if (name === undefined) return `SQLite code ${code}`
  return detail === 0 ? `SQLITE_${name}` : `SQLITE_${name}, ${code}`
}

/** What to look at. A quota and some file systems that are full show as an I/O error, not as a full disk. */
function advice(code: number): string {
  switch (code & PRIMARY_CODE) {
    case SQLITE_IOERR:
      return ': the disk of the data directory may be full, over a quota or failing; free space there and read the log of the system'
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
      return ': look at who owns the data directory, its rights, and whether its disk is mounted read-only'
    default:
      return ''
  }
}
