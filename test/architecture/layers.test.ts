import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')

/** Row of each package; a package may use packages of lower rows, and inside row 1 only what stands before it. */
const ROWS: Readonly<Record<string, number>> = {
  core: 1,
  crypto: 1.1,
  tlog: 1.2,
  identity: 1.3,
  testkit: 1.5,
  handshake: 2,
  membership: 2,
  policy: 2,
  audit: 2,
  sentinel: 2,
  capability: 2,
  network: 3,
  mcp: 3,
  storage: 3,
  node: 4,
}
const PURE: readonly string[] = [
  'core',
  'tlog',
  'identity',
  'handshake',
  'membership',
  'policy',
  'audit',
  'sentinel',
  'capability',
]
const CALLS_NODE_CRYPTO: readonly string[] = ['crypto']
const FORBIDDEN_IN_PURE: readonly RegExp[] = [
  /\bMath\.random\b/,
  /\bDate\b\s*[.(]/,
  /\bsetTimeout\b/,
  /\bsetInterval\b/,
  /\bprocess\./,
  /\bconsole\./,
]
const FILE_LINES_MAX = 400

interface Manifest {
  readonly name: string
  readonly dependencies?: Readonly<Record<string, string>>
}

interface TsConfig {
  readonly compilerOptions?: { readonly types?: readonly string[] }
  readonly references?: readonly { readonly path: string }[]
}

const packages = readdirSync(join(ROOT, 'packages')).filter((name) =>
  existsSync(join(ROOT, 'packages', name, 'package.json')),
)

function read(path: string): unknown {
  const value: unknown = JSON.parse(readFileSync(join(ROOT, path), 'utf8'))
  return value
}

function sources(name: string): readonly string[] {
  return globSync(join(ROOT, 'packages', name, 'src/**/*.ts'))
}

function imports(file: string): readonly string[] {
  const text = readFileSync(file, 'utf8')
  return [...text.matchAll(/(?:from|import)\s+'([^']+)'/g)].map(([, specifier = '']) => specifier)
}

function workspaceNames(specifiers: readonly string[]): readonly string[] {
  return specifiers
    .filter((specifier) => specifier.startsWith('@warren/'))
    .map((specifier) => specifier.split('/')[1] ?? '')
}

test('every package has a row', () => {
  expect(packages.filter((name) => ROWS[name] === undefined)).toEqual([])
})

describe.for(packages)('%s', (name) => {
  const manifest = read(`packages/${name}/package.json`) as Manifest
  const tsconfig = read(`packages/${name}/tsconfig.json`) as TsConfig
  const declared = workspaceNames(Object.keys(manifest.dependencies ?? {}))

  test('uses lower rows only', () => {
    const row = ROWS[name] ?? 0
    expect(declared.filter((other) => !((ROWS[other] ?? Infinity) < row))).toEqual([])
  })

  test('imports only what its manifest declares, and nothing by a path out of the package', () => {
    for (const file of sources(name)) {
      const specifiers = imports(file)
      const undeclared = workspaceNames(specifiers).filter((other) => !declared.includes(other))
      expect(undeclared, file).toEqual([])
      const climbing = specifiers.filter(
        (specifier) => specifier.startsWith('.') && specifier.includes('/src/'),
      )
      expect(climbing, file).toEqual([])
    }
  })

  test('has project references in step with its dependencies', () => {
    const referenced = (tsconfig.references ?? []).map(({ path }) => path.split('/').at(-1) ?? '')
    expect(referenced.toSorted()).toEqual(declared.toSorted())
  })

  test('has an index of exports alone, and no file with many reasons to exist', () => {
    const index = readFileSync(join(ROOT, 'packages', name, 'src/index.ts'), 'utf8')
    expect(index).toMatch(/^\/\*\*[\s\S]+@packageDocumentation/)
    expect(index).not.toMatch(/\b(?:function|class|const|let)\s/)
    for (const file of sources(name)) {
      expect(file).not.toMatch(/\/(?:utils?|helpers?|common|types)\.ts$/)
      expect(readFileSync(file, 'utf8').split('\n').length, file).toBeLessThanOrEqual(
        FILE_LINES_MAX,
      )
    }
  })
})

test.for([...PURE, ...CALLS_NODE_CRYPTO])('%s is pure', (name) => {
  const { compilerOptions } = read(`packages/${name}/tsconfig.json`) as TsConfig
  expect(compilerOptions?.types ?? []).toEqual(PURE.includes(name) ? [] : ['node'])
  for (const file of sources(name)) {
    const foreign = imports(file)
      .filter((specifier) => specifier.startsWith('node:'))
      .filter((specifier) => specifier !== 'node:crypto' || !CALLS_NODE_CRYPTO.includes(name))
    expect(foreign, file).toEqual([])
    const text = readFileSync(file, 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')
    expect(FORBIDDEN_IN_PURE.filter((pattern) => pattern.test(text)).map(String), file).toEqual([])
  }
})

test('only crypto names an algorithm of node:crypto', () => {
  const others = packages.filter((name) => name !== 'crypto')
  const offenders = others.flatMap((name) =>
    sources(name).filter((file) =>
      imports(file).some((specifier) => /^(?:node:crypto|@noble\/)/.test(specifier)),
    ),
  )
  expect(offenders).toEqual([])
})

test('only network knows libp2p', () => {
  const others = packages.filter((name) => name !== 'network')
  const offenders = others.flatMap((name) =>
    sources(name).filter((file) =>
      imports(file).some((specifier) => /^(?:libp2p$|@libp2p\/)/.test(specifier)),
    ),
  )
  expect(offenders).toEqual([])
})
