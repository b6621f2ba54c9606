/**
 * The vocabulary of every policy, in Cedar's schema language (Cedar 4.5).
 *
 * A caller is a member of the mesh by its DID. A tool stands in its server, with the id
 * `<server>/<tool>`. `call` on a server is for methods that name no tool, so
 * `resource is Warren::Tool in Warren::Server::"x"` opens the tools alone and
 * `resource in Warren::Server::"x"` opens what tomorrow's protocol adds as well.
 */
export const POLICY_SCHEMA = `namespace Warren {
  entity Role;
  entity Caller in [Role] { did: String, enclave: String };
  entity Server { name: String };
  entity Tool in [Server] { name: String };
  type Facts = { at: datetime };
  action "call" appliesTo { principal: [Caller], resource: [Tool, Server], context: Facts };
  action "read", "list" appliesTo { principal: [Caller], resource: [Server], context: Facts };
}
`

/** The namespace of every type in the schema. */
export const NAMESPACE = 'Warren'
