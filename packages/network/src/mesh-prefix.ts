/** As much of a mesh id as tells meshes apart in a name. */
const MESH_ID_CHARACTERS = 24

/** What the names of libp2p's protocols and topics begin with in one mesh. */
export function meshPrefix(meshId: string): string {
  return `/warren/${meshId.slice(0, MESH_ID_CHARACTERS)}`
}
