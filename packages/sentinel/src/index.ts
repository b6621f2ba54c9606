/**
 * What looks wrong: so far, secrets in what is about to be kept.
 *
 * Pure. Specified in docs/specs/sentinel.md.
 *
 * @packageDocumentation
 */
export { findSecrets, type SecretRange } from './find-secrets.ts'
export { isSecretName } from './secret-names.ts'
