import type { RecordLink, RecordsPort } from '@warren/network'

/** What a node sees of its records channels. */
export interface RecordsDesk extends RecordsPort {
  readonly links: readonly RecordLink[]
  /** What has come, as text. */
  readonly heard: readonly string[]
  /** The links that have ended, by id. */
  readonly ended: readonly string[]
}

export interface RecordsDeskOptions {
  readonly onConnected?: (link: RecordLink) => void
  readonly onMessage?: (link: RecordLink, text: string) => void | Promise<void>
}

/** A port that notes what happens, and does what the test says; by itself it never settles. */
export function recordsDesk({ onConnected, onMessage }: RecordsDeskOptions = {}): RecordsDesk {
  const links: RecordLink[] = []
  const heard: string[] = []
  const ended: string[] = []
  return {
    links,
    heard,
    ended,
    connected: (link) => {
      links.push(link)
      onConnected?.(link)
    },
    message: async (link, bytes) => {
      const text = Buffer.from(bytes).toString()
      heard.push(text)
      await onMessage?.(link, text)
    },
    disconnected: ({ id }) => ended.push(id),
  }
}

/** Settles each connection as soon as there is one. */
export function settlingDesk(options: RecordsDeskOptions = {}): RecordsDesk {
  return recordsDesk({
    ...options,
    onConnected: (link) => {
      options.onConnected?.(link)
      link.settle()
    },
  })
}
