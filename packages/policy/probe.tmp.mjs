import * as c from '@cedar-policy/cedar-wasm/nodejs'
const schema = `namespace Warren { entity Role; entity Caller in [Role] { did: String, enclave: String }; entity Server { name: String}; entity Tool in [Server] {name: String};
action "call" appliesTo { principal: [Caller], resource: [Tool, Server], context: {at: datetime} };
action "read", "list" appliesTo { principal: [Caller], resource: [Server], context: {at: datetime} }; }`
c.preparseSchema('s', schema)
const [kind, n] = [process.argv[2], Number(process.argv[3])]
const w = (b) => `permit(principal,action,resource) when { ${b} };`
const r = (s) => s.repeat(n)
const gen = {
  paren: () => w(r('(') + 'true' + r(')')),
  or: () => w(r('true||') + 'true'),
  and: () => w(r('true&&') + 'true'),
  ifs: () => w(r('if true then true else ') + 'true'),
  ifc: () => w(r('if ') + 'true' + r(' then true else true')),
  dot: () => w('context' + r('.a')),
  plus: () => w(r('1+') + '1==1'),
  set: () => w(r('[') + r(']') + '==[]'),
  rec: () => w(r('{a:') + '1' + r('}') + '=={}'),
  not: () => w(r('!') + 'true'),
  idx: () => w('context' + r('["a"]')),
  whens: () => `permit(principal,action,resource) ${r('when{true}')};`,
  call: () => w('principal' + r('.a()')),
  has: () => w('context has a' + r('.a')),
  neg: () => w(r('-') + '1==1'),
}
const t = gen[kind]()
let out = [t.length]
for (const [nm, f] of [
  ['parts', () => c.policySetTextToParts(t)],
  ['json', () => c.policyToJson(t)],
  ['validate', () => c.validate({ schema, policies: { staticPolicies: { a: t } } })],
  ['prep', () => c.preparsePolicySet('p', { staticPolicies: { a: t } })],
  [
    'auth',
    () =>
      c.statefulIsAuthorized({
        principal: { type: 'Warren::Caller', id: 'x' },
        action: { type: 'Warren::Action', id: 'list' },
        resource: { type: 'Warren::Server', id: 'fs' },
        context: { at: { __extn: { fn: 'datetime', arg: '2026-01-01' } } },
        entities: [],
        preparsedPolicySetId: 'p',
        preparsedSchemaName: 's',
        validateRequest: true,
      }),
  ],
]) {
  try {
    const a = f()
    out.push(nm + '=' + a.type + (a.validationErrors?.length ?? ''))
  } catch (e) {
    out.push(nm + '!' + String(e).slice(0, 40))
  }
}
console.log(kind, n, ...out)
