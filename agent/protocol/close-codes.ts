/**
 * Why a connection ended. 4000-4399 ask the agent to come back, 4400-4499 tell
 * it that coming back at once is useless: nothing that a slow path, load, a
 * restart or a full disk can bring about is among those.
 */
export const closeCodes = {
  "shutting-down": 4000,
  superseded: 4001,
  silent: 4002,
  "too-many-requests": 4003,
  "too-slow": 4004,
  failed: 4005,
  rekeyed: 4006,
  /** Said by the agent: it offered a newer version, and somebody took that out. */
  downgraded: 4007,
  "bad-message": 4400,
  unauthenticated: 4401,
  revoked: 4403,
  "unsupported-version": 4406,
} as const;

export type CloseReason = keyof typeof closeCodes;

/**
 * Whether to dial again soon. The others are dialed rarely all the same: an
 * identity may be restored, and an agent that gave up for good protects nobody.
 */
export function mayComeBackSoon(code: number): boolean {
  return code < 4400 || code > 4499;
}
