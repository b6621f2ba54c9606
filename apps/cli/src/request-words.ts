import type { RequestView } from '@warren/node/ceremony'

/** What a request asks for, as lines to read before one signs. */
export function requestWords(view: RequestView): readonly string[] {
  const { mesh, meshName, fingerprint, records } = view
  return [
    `mesh         ${mesh} (it calls itself ${JSON.stringify(meshName)})`,
    `fingerprint  ${fingerprint}   compare it with the others by voice`,
    ...records.flatMap(recordWords),
    '',
    `signed by    ${view.signed.length === 0 ? 'nobody yet' : view.signed.join(', ')}`,
  ]
}

function recordWords({ id, words }: RequestView['records'][number]): readonly string[] {
  return ['', `record       ${id}`, ...words.map((line) => `  ${line}`)]
}

/** What is still wanting, and what comes next. */
export function nextWords(view: RequestView, file: string): readonly string[] {
  if (view.complete) {
    return [
      `All signatures are there. Next: "warren submit ${file}" on a machine with a node of the mesh.`,
    ]
  }
  const count = view.needed === 1 ? '1 signature is' : `${view.needed} signatures are`
  return [
    `${count} missing, from: ${view.missing.join(', ')}.`,
    `Next: carry ${file} to them; each runs "warren sign ${file} --keys <key file>".`,
  ]
}
