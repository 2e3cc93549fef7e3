import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Certificate } from "../../../scripts/lab/certificate.js";
import { output } from "../../../scripts/lab/run.js";

/** A certificate of its own authority for 127.0.0.1, good from one year's start to another's. */
export async function certificateOf(
  folder: string,
  [from, until]: readonly [from: number, until: number],
): Promise<Certificate> {
  const file = (name: string) => join(folder, name);
  writeFileSync(file("index"), "");
  writeFileSync(file("serial"), "01\n");
  writeFileSync(file("ca.conf"), settingsIn(folder));
  const [cert, key, asked] = [
    file("old.pem"),
    file("old.key"),
    file("old.csr"),
  ];
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
  await output([
    ...["openssl", "req", "-new", ...curve, "-nodes", "-subj", "/CN=old"],
    ...["-keyout", key, "-out", asked],
  ]);
  await output([
    ...["openssl", "ca", "-batch", "-selfsign", "-notext"],
    ...["-config", file("ca.conf"), "-keyfile", key, "-in", asked],
    ...["-startdate", `${from}0101000000Z`, "-enddate", `${until}0101000000Z`],
    ...["-out", cert],
  ]);
  return { cert, key };
}

const settingsIn = (folder: string): string => `
[ca]
default_ca = own
[own]
database = ${folder}/index
serial = ${folder}/serial
new_certs_dir = ${folder}
default_md = sha256
policy = any
x509_extensions = names
[any]
commonName = supplied
[names]
subjectAltName = IP:127.0.0.1
`;
