export const SESSION = "/api/v1/session";

/** Who signs in with a password. */
export interface Signer {
  readonly name: string;
  readonly password: string;
}

/** Again and again, all through the run. */
export const SIGNER: Signer = {
  name: "signer",
  password: "Of all the fuzz, this",
};

/** Once, and no request of the run. */
export const STAYER: Signer = {
  name: "stayer",
  password: "Who never signs out",
};

/** Banned by the stage, and by no request of the run lifted. */
export const CONTESTED = Array.from(
  { length: 12 },
  (_, last) => `192.0.2.${last + 1}`,
);
