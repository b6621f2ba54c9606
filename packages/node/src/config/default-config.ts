import { stringify } from 'yaml'
import { LISTEN_DEFAULT } from './config-schema.ts'

export interface DefaultConfigInit {
  readonly name: string
  /** Multiaddrs; all interfaces on port 4001 when absent. */
  readonly listen?: readonly string[]
  /** Multiaddrs of nodes to connect to. */
  readonly peers?: readonly string[]
  readonly passphraseFile?: string
}

/** The `warren.yaml` of a new node: everything that is likely to be changed, with a word on each. */
export function defaultConfigText(init: DefaultConfigInit): string {
  const { name, listen = LISTEN_DEFAULT, peers = [], passphraseFile } = init
  return `# Configuration of this Warren node. Unknown keys are refused; docs/warren.schema.json lists them all.

name: ${scalar(name)}

# Where other nodes reach this one.
listen:${list(listen)}

# Nodes of the mesh are found on the same link by themselves; name those that are elsewhere.
discovery:
  lan: true
peers:${list(peers)}

${keys(passphraseFile)}
# AI hosts use "warren connect". Those that want HTTP reach it on loopback only, with the token of the file.
http:
  enabled: false
  port: 7420

# MCP servers that this node offers. Nobody may use one before a rule in policies/ says so.
#   files:
#     command: npx
#     args: ['-y', '@modelcontextprotocol/server-filesystem', '/srv/shared']
servers: {}
`
}

function keys(passphraseFile: string | undefined): string {
  const about =
    '# The passphrase of the key files is asked for at the start, or read from a file of mode 0600.\n'
  return passphraseFile === undefined
    ? `${about}# keys:\n#   passphraseFile: passphrase\n`
    : `${about}keys:\n  passphraseFile: ${scalar(passphraseFile)}\n`
}

function list(values: readonly string[]): string {
  return values.length === 0 ? ' []' : values.map((value) => `\n  - ${scalar(value)}`).join('')
}

/** A text as YAML writes it, in quotes where it needs them. */
function scalar(text: string): string {
  return stringify(text, { lineWidth: 0 }).trimEnd()
}
