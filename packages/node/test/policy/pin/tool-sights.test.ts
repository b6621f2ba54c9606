import { expect, test } from 'vitest'
import { ToolSights } from '../../../src/policy/pin/tool-sights.ts'

const SIGHTS_MAX = 65_536
const CHANGED_MAX = 65_536
const AS_PINNED = { digest: 'a', pin: 'a' }

test(
  'what 65536 callers were shown is remembered; whoever is forgotten has to list again',
  { tags: ['POL-29', 'THR-57'] },
  () => {
    const sights = new ToolSights()
    sights.take('did:first', 'fs/read', AS_PINNED)
    for (let each = 1; each < SIGHTS_MAX; each += 1)
      sights.take(`did:${each}`, 'fs/read', AS_PINNED)
    expect(sights.isPinned('did:first', 'fs/read', 'a')).toBe(true)
    // Whoever lists again and again takes nobody's place.
    for (let each = 0; each < 10; each += 1) sights.take('did:9', 'fs/read', AS_PINNED)
    expect(sights.isPinned('did:first', 'fs/read', 'a')).toBe(true)
    sights.take('did:one-more', 'fs/read', AS_PINNED)
    expect(sights.isPinned('did:first', 'fs/read', 'a')).toBe(false)
    expect(sights.isPinned('did:one-more', 'fs/read', 'a')).toBe(true)
  },
)

const OTHERWISE = { digest: 'b', pin: 'a' }
const PINS = new Map([
  ['fs/read', 'a'],
  ['fs/write', 'a'],
])

test(
  'that a caller was shown two faces is not forgotten, however much others list',
  { tags: ['PST-13', 'THR-53', 'THR-57'], timeout: 60_000 },
  () => {
    const sights = new ToolSights()
    sights.take('did:v', 'fs/read', OTHERWISE)
    sights.take('did:v', 'fs/read', AS_PINNED)
    for (let each = 0; each <= SIGHTS_MAX; each += 1)
      sights.take(`did:${each}`, 'fs/write', AS_PINNED)
    sights.take('did:v', 'fs/read', AS_PINNED)
    expect(sights.isPinned('did:v', 'fs/read', 'a')).toBe(false)
    sights.take('did:w', 'fs/read', AS_PINNED)
    expect(sights.isPinned('did:w', 'fs/read', 'a')).toBe(true)
    // Other pins are compared with what it was shown last.
    expect(sights.expect(PINS)).toEqual(new Set())
    expect(sights.isPinned('did:v', 'fs/read', 'a')).toBe(true)
  },
)

test(
  'a tool is closed to all where one more caller who was shown it otherwise cannot be remembered',
  { tags: ['PST-13', 'THR-53', 'THR-57'], timeout: 60_000 },
  () => {
    const sights = new ToolSights()
    for (const tool of PINS.keys()) sights.take('did:good', tool, AS_PINNED)
    for (let each = 0; each < CHANGED_MAX; each += 1)
      sights.take(`did:${each}`, 'fs/read', OTHERWISE)
    // Whoever is remembered takes no more room.
    sights.take('did:0', 'fs/read', OTHERWISE)
    expect(sights.isClosed('fs/read')).toBe(false)
    expect(sights.isPinned('did:good', 'fs/read', 'a')).toBe(true)

    sights.take('did:one-more', 'fs/read', OTHERWISE)
    expect(sights.isClosed('fs/read')).toBe(true)
    expect(sights.isPinned('did:good', 'fs/read', 'a')).toBe(false)
    expect(sights.isPinned('did:good', 'fs/write', 'a')).toBe(true)
    sights.take('did:good', 'fs/read', AS_PINNED)
    expect(sights.isPinned('did:good', 'fs/read', 'a')).toBe(false)

    expect(sights.expect(PINS)).toEqual(new Set(['fs/read']))
    expect(sights.isPinned('did:good', 'fs/read', 'a')).toBe(true)
    expect(sights.isPinned('did:0', 'fs/read', 'a')).toBe(false)
    // Nothing is known any more of whoever could not be remembered.
    expect(sights.isPinned('did:one-more', 'fs/read', 'a')).toBe(false)
  },
)
