#!/usr/bin/env node
// Verifies what a Warren node wrote into its audit log, without Warren: plain JavaScript on node:crypto (Node 24 or newer).
//
//   node audit-verify.mjs proof <entry.json> <entry.tlog-proof> <policy.txt>
//   node audit-verify.mjs log <audit directory> <policy.txt>
//
// RFC 6962 (the tree), C2SP signed-note, tlog-checkpoint, tlog-cosignature, tlog-proof and tlog-policy (what is signed, and how).
// Exit code 0: what is said to be verified is. 1: it is not. 2: wrong usage, or a file that cannot be read.
import { createHash, createPublicKey, verify } from 'node:crypto'
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
} from 'node:fs'
import { join } from 'node:path'

// The keys of ML-DSA came with it.
const NODE_MAJOR_MIN = 24
if (Number(process.versions.node.split('.')[0]) < NODE_MAJOR_MIN) {
  process.stderr.write(
    `this needs Node ${NODE_MAJOR_MIN} or newer, and this is ${process.versions.node}\n`,
  )
  process.exit(2)
}

const ED25519 = 0x01
const COSIGNATURE = 0x04
const ML_DSA_44 = 0x06
const TIMED = new Set([COSIGNATURE, ML_DSA_44])
const KEY_BYTES = { [ED25519]: 32, [COSIGNATURE]: 32, [ML_DSA_44]: 1312 }
const SIGNATURE_BYTES = { [ED25519]: 64, [COSIGNATURE]: 64, [ML_DSA_44]: 2420 }
const CHUNK_BYTES = 1_048_576
const LINE_BYTES_MAX = 131_072
/** What a Warren node reads of its own at the most. */
const COSIGNED_BYTES_MAX = 64 * 1_048_576
/** The last second of the year 9999. */
const TIME_SECONDS_MAX = 253_402_300_799
const HASH_BYTES = 32
const TILE_WIDTH = 256
const RETENTION = '"kind":"retention"'
const EMPTY_LOG = {
  size: 0,
  entries: 0,
  checkpoints: 0,
  pending: 0,
  matched: 0,
  root: Buffer.alloc(0),
}

class Refused extends Error {}

function refuse(reason) {
  throw new Refused(reason)
}

// The tree: RFC 6962 section 2.1.

function sha256(...parts) {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

const leafHash = (entry) => sha256(Buffer.of(0), entry)
const nodeHash = (left, right) => sha256(Buffer.of(1), left, right)

/** The right edge of a tree that grows: its perfect subtrees, the largest first. */
class Tree {
  size = 0
  edge = []

  copy() {
    return Object.assign(new Tree(), { size: this.size, edge: [...this.edge] })
  }

  append(leaf) {
    let hash = leaf
    for (let size = this.size; size % 2 === 1; size = (size - 1) / 2)
      hash = nodeHash(this.edge.pop(), hash)
    this.edge.push(hash)
    this.size += 1
  }

  root() {
    if (this.size === 0) return sha256()
    return this.edge.reduceRight((right, left) => nodeHash(left, right))
  }
}

/** The root to which a proof of inclusion leads; RFC 9162 section 2.1.3.2, without BigInt since sizes are below 2^53. */
function rootOfProof(leaf, { index, size }, hashes) {
  if (index >= size) refuse('the proof is of an entry that the tree does not have')
  let [at, last, hash] = [index, size - 1, leaf]
  for (const sibling of hashes) {
    if (last === 0) refuse('the proof is longer than the tree is high')
    if (at % 2 === 1 || at === last) {
      hash = nodeHash(sibling, hash)
      while (at % 2 === 0 && at !== 0) [at, last] = [at / 2, Math.floor(last / 2)]
    } else {
      hash = nodeHash(hash, sibling)
    }
    at = Math.floor(at / 2)
    last = Math.floor(last / 2)
  }
  if (last !== 0) refuse('the proof is shorter than the tree is high')
  return hash
}

// Notes: C2SP signed-note and tlog-checkpoint.

function base64(text) {
  const bytes = Buffer.from(text, 'base64')
  if (bytes.toString('base64') !== text) refuse('something is not base64')
  return bytes
}

function decimal(text) {
  const value = Number(text)
  if (!/^(0|[1-9]\d{0,15})$/.test(text) || !Number.isSafeInteger(value)) refuse('a number is none')
  return value
}

function parseCheckpoint(note) {
  const end = note.indexOf('\n\n')
  if (end === -1 || !note.endsWith('\n')) refuse('a checkpoint has no signatures')
  const text = note.slice(0, end + 1)
  const [origin, size, root, ...more] = text.split('\n')
  if (more.length !== 1) refuse('a checkpoint has lines that nobody signs')
  const lines = note
    .slice(end + 2, -1)
    .split('\n')
    .map(parseSignature)
  const head = { text, origin, size: decimal(size), root: base64(root), lines }
  if (head.root.length !== 32) refuse('a root has 32 bytes')
  return head
}

function parseSignature(line) {
  const [, name, digits] = /^— (\S+) (\S+)$/.exec(line) ?? refuse('a line is no signature')
  const bytes = base64(digits)
  return { name, keyId: bytes.subarray(0, 4).toString('hex'), signature: bytes.subarray(4) }
}

function keyIdOf({ name, type, key }) {
  return sha256(Buffer.from(`${name}\n`), Buffer.of(type), key)
    .subarray(0, 4)
    .toString('hex')
}

function parseKey(text) {
  const [, name, keyId, digits] =
    /^([^+\s]+)\+([0-9a-f]{8})\+(\S+)$/.exec(text ?? '') ??
    refuse('the policy has a key that is none')
  const bytes = base64(digits)
  const parsed = { name, type: bytes[0], key: bytes.subarray(1) }
  if (KEY_BYTES[parsed.type] !== parsed.key.length)
    refuse('the policy has a key of an unknown kind')
  if (keyIdOf(parsed) !== keyId) refuse('a key of the policy does not fit its id')
  return { ...parsed, keyId }
}

function uint64(value) {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(value))
  return bytes
}

/** What a key of each type signs, about a tree and, but for the first, at a time. */
function messageOf({ type, name }, seconds, { text, origin, size, root }) {
  if (type === ED25519) return Buffer.from(text)
  if (type === COSIGNATURE) return Buffer.from(`cosignature/v1\ntime ${seconds}\n${text}`)
  const [by, of] = [Buffer.from(name), Buffer.from(origin)]
  return Buffer.concat([
    Buffer.from('subtree/v1\n\0'),
    Buffer.of(by.length),
    by,
    uint64(seconds),
    Buffer.of(of.length),
    of,
    uint64(0),
    uint64(size),
    root,
  ])
}

function publicKey({ type, key }) {
  const jwk =
    type === ML_DSA_44
      ? { kty: 'AKP', alg: 'ML-DSA-44', pub: key.toString('base64url') }
      : { kty: 'OKP', crv: 'Ed25519', x: key.toString('base64url') }
  return createPublicKey({ key: jwk, format: 'jwk' })
}

/** When a key has signed a checkpoint (0 where it says no time); undefined where it has not, refused where its line is wrong. */
function signedAt(key, head) {
  const lines = head.lines.filter(({ name, keyId }) => name === key.name && keyId === key.keyId)
  if (lines.length === 0) return undefined
  const [{ signature }] = lines
  const isTimed = TIMED.has(key.type)
  const seconds = isTimed ? Number(signature.subarray(0, 8).readBigUInt64BE()) : 0
  const bytes = isTimed ? signature.subarray(8) : signature
  const isRight =
    lines.length === 1 &&
    bytes.length === SIGNATURE_BYTES[key.type] &&
    (!isTimed || (seconds > 0 && seconds <= TIME_SECONDS_MAX)) &&
    verify(null, messageOf(key, seconds, head), publicKey(key), bytes)
  if (!isRight) refuse(`a signature of ${key.name} is wrong`)
  return seconds
}

// Whom to believe: C2SP tlog-policy.

function parsePolicy(text) {
  const policy = { logs: [], witnesses: new Map(), groups: new Map(), quorum: undefined }
  const seen = { names: new Set(['none']), keys: new Set(), members: new Set() }
  for (const line of text.split('\n')) {
    const [word, ...rest] = line.split(/[ \t]+/).filter((part) => part !== '')
    if (word === undefined || word.startsWith('#')) continue
    if (word === 'log') policy.logs.push(newKey(rest[0], seen))
    else if (word === 'witness') policy.witnesses.set(newName(rest[0], seen), newKey(rest[1], seen))
    else if (word === 'group') policy.groups.set(newName(rest[0], seen), newGroup(rest, seen))
    else if (word === 'quorum' && policy.quorum === undefined) [policy.quorum] = rest
    else refuse('the policy has a line that nobody knows, or two quorums')
  }
  if (policy.quorum === undefined) refuse('the policy has no quorum')
  return policy
}

/** A name that stands for nothing else. */
function newName(name, { names }) {
  if (name === undefined || names.has(name))
    refuse('the policy has a name that is missing or taken')
  names.add(name)
  return name
}

/** A key that stands under no other name, so that nobody counts twice. */
function newKey(text, { keys }) {
  const key = parseKey(text)
  const digits = key.key.toString('hex')
  if (keys.has(digits)) refuse('the policy has one key twice')
  keys.add(digits)
  return key
}

/** A group of names that are defined above, each of which is in no other group. */
function newGroup([name, threshold = '', ...members], { names, members: taken }) {
  const isWord = threshold === 'all' || threshold === 'any'
  const words = { all: members.length, any: 1 }
  const needed = isWord ? words[threshold] : decimal(threshold)
  if (needed < 1 || needed > members.length)
    refuse('the policy has a group that needs nobody, or more than it has')
  for (const member of members) {
    if (member === name || !names.has(member) || member === 'none')
      refuse('the policy has a group with a name that is not defined above')
    if (taken.has(member)) refuse('the policy counts one name twice')
    taken.add(member)
  }
  return { needed, members }
}

/** Checks that the log has signed a checkpoint with both keys of one pair. */
function checkLog({ logs }, head) {
  const keys = logs.filter(({ name }) => name === head.origin)
  if (keys.length === 0) refuse(`the policy does not list the log ${head.origin}`)
  for (let at = 0; at < keys.length; at += 2) {
    const signed = keys.slice(at, at + 2).map((key) => signedAt(key, head))
    const types = keys.slice(at, at + 2).map(({ type }) => type)
    if (types[0] !== ED25519 || types[1] !== ML_DSA_44) refuse('a log has a pair of keys')
    if (signed.every((seconds) => seconds !== undefined)) return signed[1]
  }
  return refuse('the log has not signed with both of its keys')
}

/** The witnesses of the policy that have signed; refused where the quorum is missed. */
function checkQuorum({ witnesses, groups, quorum }, head) {
  const signed = new Map()
  for (const [alias, key] of witnesses) {
    if (key.type === ED25519) refuse('a witness has a key of a kind that does not cosign')
    const seconds = signedAt(key, head)
    if (seconds !== undefined) signed.set(alias, { name: key.name, seconds })
  }
  // Groups are of names above them and share none, so this ends.
  const reaches = (name) => {
    if (signed.has(name)) return true
    const group = groups.get(name)
    if (group === undefined) return false
    const { needed, members } = group
    return members.filter((member) => reaches(member)).length >= needed
  }
  if (quorum !== 'none' && !reaches(quorum))
    refuse('too few of the witnesses of the policy have cosigned')
  return new Map([...signed.values()].map(({ name, seconds }) => [name, seconds]))
}

// The two commands.

function verifyProof([entryPath, proofPath, policyPath]) {
  const policy = parsePolicy(readText(policyPath))
  const text = readText(proofPath)
  const end = text.indexOf('\n\n')
  const [first, ...lines] = text.slice(0, end).split('\n')
  if (first !== 'c2sp.org/tlog-proof@v1') refuse('this is no proof of a version that is known')
  if (lines[0]?.startsWith('extra ')) lines.shift()
  const index = decimal(
    /^index (\d+)$/.exec(lines.shift() ?? '')?.[1] ?? refuse('the proof has no index'),
  )
  const head = parseCheckpoint(text.slice(end + 2))
  const entry = readFileSync(entryPath)
  const root = rootOfProof(leafHash(entry), { index, size: head.size }, lines.map(base64))
  if (!root.equals(head.root)) refuse('the entry is not the one that the log signed at this place')
  const seconds = checkLog(policy, head)
  const cosigned = checkQuorum(policy, head)
  const value = JSON.parse(entry.toString('utf8'))
  say([
    `verified: entry ${index} of ${head.size}, a "${value.kind}" of ${value.at}, stands in the log ${head.origin}`,
    `          under a checkpoint that the log signed at ${timeOf(seconds)}`,
    ...[...cosigned].map(([name, at]) => `          and ${name} cosigned at ${timeOf(at)}`),
    'NOT checked: that the keys in the policy are those of this node and of these cosigners;',
    '             that no other entry is missing (that takes the whole log: audit-verify.mjs log);',
    '             what the entry says, beyond that it was logged as it is;',
    '             the times, beyond that this is what was signed.',
    ...(cosigned.size === 0
      ? [
          '             Nobody has cosigned: whoever holds the node and its keys can have written it later.',
        ]
      : []),
  ])
}

function verifyWholeLog([directory, policyPath]) {
  const policy = parsePolicy(readText(policyPath))
  const cosigned = cosignedHeads(directory, policy)
  const tiles = new Tiles(directory)
  const log = { ...EMPTY_LOG, tree: new Tree(), gaps: [], erased: [], said: [] }
  const names = readdirSync(join(directory, 'segments')).filter((name) =>
    /^\d{12}\.log$/.test(name),
  )
  if (names.length === 0) refuse('there is no segment')
  for (const name of names.toSorted()) {
    readSegment(join(directory, 'segments', name), log, { policy, cosigned, tiles })
  }
  const largest = Math.max(0, ...cosigned.keys())
  const signed = log.size - log.pending
  if (largest > signed) refuse(`others have cosigned ${largest} entries; the log has ${signed}`)
  const unsaid = log.gaps.find((gap) => !isErased(gap, log.erased))
  if (unsaid !== undefined)
    refuse(
      `entries ${unsaid.from} to ${unsaid.to - 1} are not there, and no entry says that they were erased`,
    )
  say([
    `verified: ${log.entries} entries under ${log.checkpoints} checkpoints of one log, each signed with both keys`,
    `          ${signed} entries, root ${log.root.toString('base64')}`,
    `          ${log.matched} cosigned checkpoints are among them`,
    ...log.gaps.map(gapLine),
    ...(log.pending > 0
      ? [`note:     ${log.pending} lines stand behind the last checkpoint and do not count`]
      : []),
    'NOT checked: that the keys in the policy are those of this node; cosignatures beyond the quorum of a proof;',
    '             what entries say, and whether calls have results; times; kept values;',
    '             tiles, but where entries were erased.',
  ])
}

function gapLine({ from, to }) {
  return `GAP:      entries ${from} to ${to - 1} were erased, as the log says; their hashes in the tiles lead to the signed root`
}

/** Checkpoints that lie beside the log, by their size; each must be signed by the log. */
function cosignedHeads(directory, policy) {
  const heads = new Map()
  for (const note of cosignedNotes(join(directory, 'cosigned.log'))) {
    const head = parseCheckpoint(note)
    checkLog(policy, head)
    const other = heads.get(head.size)
    if (other !== undefined && !other.root.equals(head.root))
      refuse(`others have cosigned two logs of ${head.size} entries`)
    heads.set(head.size, head)
  }
  return heads
}

/** A log that nobody has cosigned has no such file; a line that a crash has cut short counts for nothing. */
function* cosignedNotes(path) {
  if (!existsSync(path)) return
  for (const line of linesOf(path, COSIGNED_BYTES_MAX)) {
    const note = line[0] === 0x23 ? textIn(line.subarray(1)) : undefined
    if (note !== undefined) yield note
  }
}

/** What is written down as a JSON string. */
function textIn(bytes) {
  try {
    const value = JSON.parse(bytes.toString('utf8'))
    return typeof value === 'string' ? value : undefined
  } catch {
    return undefined
  }
}

function readSegment(path, log, rules) {
  let number = 0
  for (const line of linesOf(path)) {
    number += 1
    const where = `${path}, line ${number}`
    if (line[0] === 0x7b) takeEntry(line, log, { ...rules, where })
    else if (line[0] === 0x23) takeCheckpoint(line, log, { ...rules, where, isFirst: number === 1 })
    else refuse(`${where}: this is neither an entry nor a checkpoint`)
  }
}

function takeEntry(line, log, { cosigned, where }) {
  log.size += 1
  log.pending += 1
  log.tree.append(leafHash(line))
  if (isForked(log.tree, cosigned))
    refuse(`${where}: others have cosigned another log of ${log.size} entries`)
  if (cosigned.has(log.size)) log.matched += 1
  if (line.includes(RETENTION)) log.said.push(line)
}

function takeCheckpoint(line, log, { policy, cosigned, tiles, where, isFirst }) {
  const note = textIn(line.subarray(1)) ?? refuse(`${where}: this is no checkpoint`)
  const head = parseCheckpoint(note)
  checkLog(policy, head)
  log.checkpoints += 1
  if (isFirst && head.size > log.size && log.pending === 0) takeGap(head, log, { cosigned, tiles })
  if (head.size !== log.size)
    refuse(`${where}: the checkpoint is of ${head.size} entries, not of ${log.size}`)
  if (!head.root.equals(log.tree.root()))
    refuse(`${where}: the entries before it are not those that were signed`)
  log.entries += log.pending
  log.pending = 0
  log.root = head.root
  for (const entry of log.said.splice(0)) takeErasure(entry, log)
}

/** Entries that are not there: their hashes in the tiles must lead to the root that was signed behind them. */
function takeGap(head, log, { cosigned, tiles }) {
  const [from, to] = [log.size, head.size]
  const tree = log.tree.copy()
  let matched = 0
  let forked
  for (let leaf = tiles.leaf(from); tree.size < to && leaf !== undefined;) {
    tree.append(leaf)
    if (isForked(tree, cosigned)) forked ??= tree.size
    else if (cosigned.has(tree.size)) matched += 1
    leaf = tiles.leaf(tree.size)
  }
  if (tree.size < to || !tree.root().equals(head.root)) {
    refuse(
      `entries ${from} to ${to - 1} are not there, and no tiles lead to the root behind them: only the ${log.entries} entries before them are what was signed`,
    )
  }
  if (forked !== undefined) refuse(`others have cosigned another log of ${forked} entries`)
  log.gaps.push({ from, to })
  Object.assign(log, { tree, size: to, matched: log.matched + matched })
}

function isForked(tree, cosigned) {
  const seen = cosigned.get(tree.size)
  return seen !== undefined && !seen.root.equals(tree.root())
}

/** Notes what an entry says was erased; no entry can tell of one that stands behind it. */
function takeErasure(line, { erased }) {
  const { kind, what, from, to, seq } = JSON.parse(line.toString('utf8'))
  if (kind === 'retention' && what === 'entries' && to <= seq) erased.push({ from, to })
}

/** Whether what was erased leaves nothing of a gap open. */
function isErased(gap, erased) {
  let at = gap.from
  for (const { from, to } of erased.toSorted((a, b) => a.from - b.from))
    if (from <= at) at = Math.max(at, to)
  return at >= gap.to
}

/** The lowest hashes of the tree that was stored beside the log: C2SP tlog-tiles, level 0. */
class Tiles {
  at = -1
  hashes = Buffer.alloc(0)

  constructor(directory) {
    this.directory = join(directory, 'tile', '0')
  }

  /** Undefined where no tile tells. */
  leaf(seq) {
    const index = Math.floor(seq / TILE_WIDTH)
    if (index !== this.at) [this.at, this.hashes] = [index, this.read(index)]
    const start = (seq % TILE_WIDTH) * HASH_BYTES
    return start < this.hashes.length ? this.hashes.subarray(start, start + HASH_BYTES) : undefined
  }

  /** The full tile, or else the widest one that is not. */
  read(index) {
    const digits = String(index)
    const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/\d{3}/g)
    const path = join(
      this.directory,
      ...groups.slice(0, -1).map((group) => `x${group}`),
      groups.at(-1),
    )
    const widths = namesIn(`${path}.p`)
      .filter((name) => /^\d{1,3}$/.test(name))
      .map(Number)
    const width = Math.max(0, ...widths.filter((each) => each < TILE_WIDTH))
    return (
      hashesIn(path, TILE_WIDTH) ??
      hashesIn(join(`${path}.p`, `${width}`), width) ??
      Buffer.alloc(0)
    )
  }
}

function namesIn(directory) {
  try {
    return readdirSync(directory)
  } catch {
    // A tile that is full, or is not there, has no such directory.
    return []
  }
}

function hashesIn(path, width) {
  if (width === 0) return undefined
  try {
    const file = openRegular(path)
    try {
      return fstatSync(file).size === width * HASH_BYTES ? readFileSync(file) : undefined
    } finally {
      closeSync(file)
    }
  } catch {
    // What is not there tells nothing.
    return undefined
  }
}

/** Opens a file of a log, where the directory was prepared by somebody else: a pipe would never give its first byte. */
function openRegular(path) {
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  if (fstatSync(file).isFile()) return file
  closeSync(file)
  throw new Error(`${path} is no regular file`)
}

/** The lines of a segment, up to the room at its end, which is zeros; or, with a bound, all lines of a file that keeps to it. */
function* linesOf(path, bytesMax) {
  const file = openRegular(path)
  try {
    let rest = Buffer.alloc(0)
    let length = 0
    const chunk = Buffer.alloc(CHUNK_BYTES)
    for (let count = readSync(file, chunk); count > 0; count = readSync(file, chunk)) {
      length += count
      if (length > bytesMax)
        refuse(`${path} has more than ${bytesMax} bytes, which is more than a log keeps there`)
      rest = Buffer.concat([rest, chunk.subarray(0, count)])
      for (let end = rest.indexOf(0x0a); end !== -1; end = rest.indexOf(0x0a)) {
        yield Buffer.from(rest.subarray(0, end))
        rest = rest.subarray(end + 1)
      }
      if (rest[0] === 0 && bytesMax === undefined) return
      if (rest.length > LINE_BYTES_MAX) refuse(`${path}: a line is longer than any can be`)
    }
  } finally {
    closeSync(file)
  }
}

function readText(path) {
  if (path === undefined) throw new Error('a file is missing on the command line')
  return readFileSync(path, 'utf8')
}

function timeOf(seconds) {
  return new Date(seconds * 1000).toISOString()
}

function say(lines) {
  // What is printed was written by others: nothing in it may act on a terminal.
  for (const line of lines) console.log(line.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\u{FFFD}'))
}

/** The vectors of RFC 6962 implementations: eight leaves and their root; a verifier that fails them must say nothing. */
function testItself() {
  const leaves = [
    '',
    '00',
    '10',
    '2021',
    '3031',
    '40414243',
    '5051525354555657',
    '606162636465666768696a6b6c6d6e6f',
  ]
  const tree = new Tree()
  for (const leaf of leaves) tree.append(leafHash(Buffer.from(leaf, 'hex')))
  const expected = '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328'
  if (tree.root().toString('hex') !== expected)
    throw new Error('this verifier does not compute what it should')
}

const COMMANDS = { proof: [verifyProof, 3], log: [verifyWholeLog, 2] }

try {
  testItself()
  const [word, ...paths] = process.argv.slice(2)
  const [command, count] = Object.hasOwn(COMMANDS, word ?? '') ? COMMANDS[word] : []
  if (command === undefined || paths.length !== count) {
    throw new Error(
      'usage: audit-verify.mjs proof <entry> <proof> <policy> | audit-verify.mjs log <directory> <policy>',
    )
  }
  command(paths)
} catch (error) {
  const isRefused = error instanceof Refused || error instanceof SyntaxError
  say([`${isRefused ? 'NOT VERIFIED' : 'error'}: ${error.message}`])
  process.exitCode = isRefused ? 1 : 2
}
