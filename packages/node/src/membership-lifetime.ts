const DAY_MS = 86_400_000

/** How long a membership is in force: until there are renewals, a member joins again after it. */
export const MEMBERSHIP_LIFETIME_MS: number = 365 * DAY_MS
