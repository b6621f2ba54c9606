/** A machine that has just become a member, as its person is told. */
export function joinedWords(
  directory: string,
  member: {
    readonly meshId: string
    readonly did: string
    readonly enclave: string
    readonly roles: readonly string[]
  },
): readonly string[] {
  return [
    `mesh      ${member.meshId}`,
    `node      ${member.did}`,
    `enclave   ${member.enclave}`,
    `roles     ${member.roles.join(', ')}`,
    `directory ${directory}`,
    '',
    'Next: "warren up".',
  ]
}
