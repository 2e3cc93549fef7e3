import { isIP } from "node:net";
import { join } from "node:path";
import { output } from "./run.js";

/** PEM files of a certificate that is its own authority. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** Makes a certificate for IP addresses and names, good for a day, with openssl. */
export async function makeCertificate(
  folder: string,
  address: string,
  also: readonly string[] = [],
): Promise<Certificate> {
  const cert = join(folder, "cloud.pem");
  const key = join(folder, "cloud.key");
  const subject = ["-subj", "/CN=tourniquet lab", "-days", "1"];
  const names = [
    "-addext",
    `subjectAltName=${[address, ...also].map(altName).join(",")}`,
  ];
  const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
  const files = ["-nodes", "-keyout", key, "-out", cert];
  await output([
    ...["openssl", "req", "-x509"],
    ...kind,
    ...subject,
    ...names,
    ...files,
  ]);
  return { cert, key };
}

const altName = (host: string): string =>
  `${isIP(host) === 0 ? "DNS" : "IP"}:${host}`;
