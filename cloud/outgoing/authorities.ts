import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import {
  createSecureContext,
  rootCertificates,
  type SecureContext,
} from "node:tls";

/** The authorities to believe cannot be read. */
export class BadCaFile extends Error {
  override readonly name = "BadCaFile";
}

/**
 * Node's own authorities and those of a file of PEM.
 * @throws BadCaFile
 */
export function trusting(caFile: string): SecureContext {
  try {
    const named = readFileSync(caFile, "utf8").match(CERTIFICATE) ?? [];
    if (named.length === 0) throw new Error("it holds no certificate");
    // The context passes over what it cannot read; this does not.
    for (const each of named) new X509Certificate(each);
    const ca = [...rootCertificates, ...named];
    return createSecureContext({ ca, minVersion: "TLSv1.2" });
  } catch (cause) {
    const problem = "cannot be read as PEM of certificates";
    throw new BadCaFile(`outgoing.caFile "${caFile}" ${problem}`, { cause });
  }
}

const CERTIFICATE =
  /-----BEGIN CERTIFICATE-----[^-]*(?:-----END CERTIFICATE-----|$)/g;
