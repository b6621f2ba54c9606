/** How one kind of secret is told from other text. */
export interface SecretRule {
  /** What stands in its place; never changes. */
  readonly name: string
  /**
   * The secret itself is the group `secret`, or all that matches where there is none.
   *
   * Linear by construction: either a pattern begins where a run of its characters does (`(?<![\w-])`), so that no two
   * attempts walk the same run, or every repetition in it is bounded. What stands for a secret already is none.
   */
  readonly pattern: RegExp
}

/** The published forms of keys and tokens, then what their surroundings give away; names are for `findAssignedValues`. */
export const SECRET_RULES: readonly SecretRule[] = [
  { name: 'aws-access-key', pattern: /(?<![\w-])A(?:KIA|SIA)[A-Z2-7]{16}(?![\w-])/g },
  {
    name: 'github-token',
    pattern: /(?<![\w-])(?:gh[oprsu]_[A-Za-z0-9]{36,}|github_pat_\w{22,})/g,
  },
  { name: 'gitlab-token', pattern: /(?<![\w-])gl(?:pat|dt|rt|cbt|ptt)-[\w-]{20,}/g },
  { name: 'slack-token', pattern: /(?<![\w-])xox[abeoprs]-[\w-]{10,}/g },
  {
    name: 'slack-webhook',
    pattern: /(?<=hooks\.slack\.com\/services\/)[A-Za-z0-9/]{20,}/g,
  },
  { name: 'stripe-key', pattern: /(?<![\w-])(?:sk|rk|whsec)_(?:live_|test_)?[A-Za-z0-9]{16,}/g },
  { name: 'ai-key', pattern: /(?<![\w-])sk-[\w-]{20,}/g },
  { name: 'google-key', pattern: /(?<![\w-])AIza[\w-]{35}(?![\w-])/g },
  { name: 'npm-token', pattern: /(?<![\w-])npm_[A-Za-z0-9]{36}(?![\w-])/g },
  { name: 'pypi-token', pattern: /(?<![\w-])pypi-[\w-]{16,}/g },
  { name: 'age-key', pattern: /(?<![\w-])AGE-SECRET-KEY-1[A-Z0-9]{58}(?![\w-])/g },
  { name: 'vault-token', pattern: /(?<![\w-])hv[bsr]\.[\w-]{24,}/g },
  { name: 'jwt', pattern: /(?<![\w-])eyJ[\w-]{8,}\.eyJ[\w-]{8,}(?:\.[\w-]{0,4096})?/g },
  { name: 'warren-invitation', pattern: /(?<![\w-])warren-invite:\d{1,3}:[\w-]{16,}/g },
  {
    name: 'authorization',
    pattern: /(?<![\w-])(?:bearer|basic) {1,8}(?<secret>[\w.~+/-]{12,}={0,2})/gi,
  },
  {
    name: 'url-password',
    pattern: /:\/\/[^\s/:@]{0,128}:(?!\[secret:)(?<secret>[^\s/@]{1,256})@/g,
  },
]
