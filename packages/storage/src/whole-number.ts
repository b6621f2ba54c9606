import { StorageError } from './storage-error.ts'

/**
 * Refuses a sequence number or a time that SQLite would not give back as it was.
 *
 * @throws StorageError `record-malformed`
 */
export function checkWholeNumber(value: number): void {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new StorageError('record-malformed', 'a sequence number and a time are whole numbers')
  }
}
