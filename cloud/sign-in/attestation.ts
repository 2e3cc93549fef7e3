import type { RegistrationResponseJSON } from "@simplewebauthn/server";

/**
 * A passkey as it was made, without what its maker says of it. None of that is
 * asked for or believed, and looking at it could mean to fetch what a certificate
 * in it names.
 * @throws what the reader of CBOR says of other bytes
 */
export async function withoutAttestation(
  made: RegistrationResponseJSON,
): Promise<RegistrationResponseJSON> {
  const { isoCBOR } = await import("@simplewebauthn/server/helpers");
  const bytes = new Uint8Array(
    Buffer.from(made.response.attestationObject, "base64url"),
  );
  const read = isoCBOR.decodeFirst<unknown>(bytes);
  const authData: unknown = read instanceof Map ? read.get("authData") : null;
  if (!(authData instanceof Uint8Array)) throw new TypeError("no authData");
  const plain = isoCBOR.encode(
    new Map<string, string | Uint8Array | Map<string, string>>([
      ["fmt", "none"],
      ["attStmt", new Map()],
      ["authData", authData],
    ]),
  );
  const attestationObject = Buffer.from(plain).toString("base64url");
  return { ...made, response: { ...made.response, attestationObject } };
}
