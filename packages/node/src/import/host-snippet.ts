/** An AI host whose file we know how to write. */
export type HostKind =
  | 'claude-desktop'
  | 'claude-code'
  | 'cursor'
  | 'lm-studio'
  | 'copilot-cli'
  | 'vscode'
  | 'zed'

/** How the host starts its way into the mesh. Absolute paths: hosts have a working directory and PATH of their own. */
export interface HostLaunch {
  readonly command: string
  readonly args: readonly string[]
  /** What the host calls it. Default `warren`. */
  readonly name?: string
}

export interface HostSnippet {
  /** The file that it goes into, as people know it. */
  readonly file: string
  /** JSON to paste; when the file has the top key already, the entry inside it. */
  readonly text: string
}

interface HostFormat {
  readonly file: string
  readonly key: string
  readonly entry: (launch: HostLaunch) => object
}

const FORMATS: Readonly<Record<HostKind, HostFormat>> = {
  'claude-desktop': { file: 'claude_desktop_config.json', key: 'mcpServers', entry: plain },
  'claude-code': { file: '.mcp.json', key: 'mcpServers', entry: withType('stdio') },
  cursor: { file: '~/.cursor/mcp.json', key: 'mcpServers', entry: plain },
  'lm-studio': { file: '~/.lmstudio/mcp.json', key: 'mcpServers', entry: plain },
  'copilot-cli': {
    file: '~/.copilot/mcp-config.json',
    key: 'mcpServers',
    entry: (launch) => ({ ...withType('local')(launch), tools: ['*'] }),
  },
  vscode: { file: '.vscode/mcp.json', key: 'servers', entry: withType('stdio') },
  zed: {
    file: 'settings.json of Zed',
    key: 'context_servers',
    entry: (launch) => ({ ...plain(launch), env: {} }),
  },
}

/** All hosts that `hostSnippet` knows. */
export const HOST_KINDS: readonly HostKind[] = [
  'claude-desktop',
  'claude-code',
  'cursor',
  'lm-studio',
  'copilot-cli',
  'vscode',
  'zed',
]

/** What to paste into a host's file, so that it finds the tools of the mesh. */
export function hostSnippet(kind: HostKind, launch: HostLaunch): HostSnippet {
  const { file, key, entry } = FORMATS[kind]
  const json = { [key]: { [launch.name ?? 'warren']: entry(launch) } }
  return { file, text: JSON.stringify(json, undefined, 2) }
}

function plain({ command, args }: HostLaunch): object {
  return { command, args }
}

function withType(type: string): (launch: HostLaunch) => object {
  return (launch) => ({ type, ...plain(launch) })
}
