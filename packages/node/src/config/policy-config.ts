import { z } from 'zod'

/** Whose signatures make a policy set; paths are absolute once the configuration is loaded. */
export interface PolicyTrust {
  /** The name that manifests have to carry. */
  readonly set: string
  /** Public key files, `*.pub.json`. */
  readonly signers: readonly string[]
  /** How many different signers it takes. */
  readonly threshold: number
}

const SIGNERS_MAX = 16
const PATH_LENGTH_MAX = 4_096

/** `policy` of `warren.yaml`: with it, nothing but a signed set comes into force. */
export const policySchema: z.ZodType<PolicyTrust | undefined> = z
  .strictObject({
    set: z
      .string()
      .regex(/^[a-z][a-z0-9-]{0,63}$/, 'must be a name of a-z, 0-9 and "-"')
      .describe('Name that the manifest of a set has to carry.'),
    signers: z
      .array(z.string().min(1).max(PATH_LENGTH_MAX))
      .min(1)
      .max(SIGNERS_MAX)
      .describe('Public key files of those who sign, as "warren admin key" writes them.'),
    threshold: z.int().min(1).max(SIGNERS_MAX).describe('How many of them have to sign.'),
  })
  .optional()
  .describe('Who signs the policy set of this node; without it, policies are not signed.')
