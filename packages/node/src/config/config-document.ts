import { type Document, isMap, isPair, isScalar, LineCounter, parseDocument, visit } from 'yaml'
import { ConfigError, type ConfigIssue } from './config-error.ts'

/** UTF-16 code units of a YAML file. */
export const CONFIG_LENGTH_MAX = 262_144

/** A configuration's YAML: its value, and where in the text each part of it stands. */
export class ConfigDocument {
  readonly yaml: Document.Parsed
  readonly #lines: LineCounter

  /**
   * Parses YAML 1.2. Anchors, aliases and tags are refused: a configuration says each thing once and plainly.
   *
   * @throws ConfigError `config-too-large`, `config-syntax`
   */
  constructor(text: string) {
    if (text.length > CONFIG_LENGTH_MAX) {
      throw new ConfigError(
        'config-too-large',
        `a configuration has at most ${CONFIG_LENGTH_MAX} characters`,
      )
    }
    this.#lines = new LineCounter()
    this.yaml = parseDocument(text, {
      lineCounter: this.#lines,
      uniqueKeys: true,
      strict: true,
      prettyErrors: false,
    })
    const issues = [...this.#syntaxIssues(), ...this.#unwanted()]
    if (issues.length > 0) throw syntaxError(issues)
  }

  /** The plain value; an empty file is an empty object. */
  value(): unknown {
    const value: unknown = this.yaml.toJS({ maxAliasCount: 0 })
    return value ?? {}
  }

  /** Where the part at a path stands; with `key`, where a key of that part stands. The nearest parent when there is no such part. */
  place(
    path: readonly PropertyKey[],
    key?: string,
  ): { readonly line: number; readonly column: number } {
    for (let length = path.length; length >= 0; length -= 1) {
      const node: unknown = this.yaml.getIn(path.slice(0, length), true)
      const offset = (key === undefined ? undefined : keyOffset(node, key)) ?? offsetOf(node)
      if (offset !== undefined) return this.#at(offset)
    }
    return { line: 1, column: 1 }
  }

  #syntaxIssues(): readonly ConfigIssue[] {
    return [...this.yaml.errors, ...this.yaml.warnings].map(({ message, pos }) =>
      this.#issue(pos[0], message),
    )
  }

  #issue(offset: number, message: string): ConfigIssue {
    return { path: '', ...this.#at(offset), message }
  }

  #unwanted(): readonly ConfigIssue[] {
    const issues: ConfigIssue[] = []
    visit(this.yaml, {
      Alias: (_key, { range }) => {
        issues.push(this.#issue(range?.[0] ?? 0, 'aliases (*name) are not used here'))
      },
      Pair: (_key, { key }) => {
        // What reads records by a schema leaves such a member out without a word.
        if (!isScalar(key) || key.value !== '__proto__') return
        issues.push(this.#issue(offsetOf(key) ?? 0, '"__proto__" is not the name of anything'))
      },
    })
    return issues
  }

  #at(offset: number): { readonly line: number; readonly column: number } {
    const { line, col } = this.#lines.linePos(offset)
    return { line: Math.max(line, 1), column: Math.max(col, 1) }
  }
}

function keyOffset(node: unknown, key: string): number | undefined {
  if (!isMap(node)) return undefined
  const pair = node.items.find(
    (item) => isPair(item) && isScalar(item.key) && item.key.value === key,
  )
  return offsetOf(pair?.key)
}

function offsetOf(node: unknown): number | undefined {
  if (typeof node !== 'object' || node === null || !('range' in node)) return undefined
  return Array.isArray(node.range) && typeof node.range[0] === 'number' ? node.range[0] : undefined
}

function syntaxError(issues: readonly ConfigIssue[]): ConfigError {
  const lines = issues
    .slice(0, 10)
    .map(({ line, column, message }) => `line ${line}, column ${column}: ${message}`)
  return new ConfigError('config-syntax', `the configuration is not YAML\n${lines.join('\n')}`, {
    issues,
  })
}
