/**
 * A cloud that speaks version 2 and is asked for version 1 only ends the nonce of
 * its challenge in these 8 bytes (as TLS 1.3 does in its random, RFC 8446 §4.1.3).
 * An agent that offered version 2 and reads them knows that somebody between took it
 * out of its offer. Nobody between can take them out as well: the agent signs the
 * nonce that it heard, and the cloud takes only the one that it said.
 */
export const SENTINEL = Buffer.from("tq-down1", "latin1");

/** Of 32 random bytes: the nonce that says so, as challenges carry it. */
export function markedNonce(random: Buffer): string {
  const kept = random.subarray(0, random.length - SENTINEL.length);
  return Buffer.concat([kept, SENTINEL]).toString("base64url");
}

export function isMarked(nonce: string): boolean {
  const bytes = Buffer.from(nonce, "base64url");
  return bytes.subarray(-SENTINEL.length).equals(SENTINEL);
}
