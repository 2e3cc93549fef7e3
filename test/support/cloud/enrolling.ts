import {
  decodeToken,
  enrolmentProofBytes,
  type EnrolmentRequest,
} from "../../../agent/protocol/enrolment.js";
import type { SigningKey } from "../../../agent/trust/keys.js";

/** What a host says of itself as it comes in. */
export interface EnrollingHost {
  readonly hostname: string;
  readonly system: string;
  readonly version: string;
}

/** What a host with a token shows for it. */
export function enrolmentOf(
  token: string,
  key: SigningKey,
  host: Partial<EnrollingHost> = {},
): EnrolmentRequest {
  const { hostname = "host.example", system = "Linux" } = host;
  const { version = "0.4.0" } = host;
  const { secret } = decodeToken(token);
  const encoded = (bytes: Uint8Array): string =>
    Buffer.from(bytes).toString("base64url");
  return {
    ...{ secret, publicKey: encoded(key.publicKey) },
    proof: encoded(key.sign(enrolmentProofBytes(secret))),
    ...{ hostname, system, version },
  };
}
