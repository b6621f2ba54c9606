import { type FactPorts, loadPostgresParser } from '@warren/policy'
import { NodeFileTree } from './node-file-tree.ts'
import { parseUrl, resolveName } from './node-url-ports.ts'

/** What this machine tells the facts: files, URLs, names of hosts, and SQL with the schemas that are declared. */
export function nodeFactPorts(sqlite: FactPorts['sqlite'] = new Map()): FactPorts {
  const files = new NodeFileTree()
  return { files, parseUrl, resolveName, postgres: loadPostgresParser, sqlite }
}
