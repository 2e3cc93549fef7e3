/** Who signs in with a password, and where. */
export const SESSION = "/api/v1/session";
export const SIGNER = { name: "signer", password: "Of all the fuzz, this" };
