/** Who signs in with a password, and where. */
export const SESSION = "/api/v1/session";
export const SIGNER = { name: "signer", password: "Of all the fuzz, this" };

/** Banned by the stage, and by no request of the run lifted. */
export const CONTESTED = Array.from(
  { length: 12 },
  (_, last) => `192.0.2.${last + 1}`,
);
