import type { FactPorts } from '@warren/policy'
import { NodeFileTree } from './node-file-tree.ts'
import { parseUrl, resolveName } from './node-url-ports.ts'

/** What this machine tells the facts: files, URLs, names of hosts. */
export function nodeFactPorts(): FactPorts {
  return { files: new NodeFileTree(), parseUrl, resolveName }
}
