/** The version of this program, as it tells it to people and to the other side of an MCP session. */
export const VERSION = '0.0.0'
