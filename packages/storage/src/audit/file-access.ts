import type { Stats } from 'node:fs'
import { lstat, open } from 'node:fs/promises'

/** Which of the bytes go to which place of the file. */
export interface WritePlace {
  readonly offset: number
  readonly length: number
  readonly position: number
}

/** What the log does with an open file: a part of Node's `FileHandle`. */
export interface OpenFile {
  write(bytes: Uint8Array, where: WritePlace): Promise<{ readonly bytesWritten: number }>
  datasync(): Promise<void>
  truncate(length: number): Promise<void>
  stat(): Promise<Stats>
  close(): Promise<void>
}

/** By which calls the log reaches its files; a port, because no test can order a disk to fail at a given write. */
export interface FileAccess {
  open(path: string, flags: number, mode: number): Promise<OpenFile>
  lstat(path: string): Promise<Stats>
}

/** The files of the system. */
export const systemFiles: FileAccess = { open, lstat }
