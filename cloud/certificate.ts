import { readFileSync, statSync } from "node:fs";
import type { Logger } from "../agent/log/logger.js";
import type { Clock } from "../agent/runtime/clock.js";
import type { Certificate, Tls } from "./server.js";

export interface CertificatePorts {
  readonly clock: Pick<Clock, "every">;
  readonly log: Logger;
  /** @throws when the two do not fit */
  renew(certificate: Certificate): void;
}

/**
 * Takes a certificate that was renewed into use as its files change, without a
 * restart. What cannot be used is told once, and the old one stays.
 */
export function watchCertificate(
  { files }: Tls,
  ports: CertificatePorts,
): Disposable {
  if (files === undefined) return { [Symbol.dispose]: () => undefined };
  const { clock, log } = ports;
  const { cert, key } = files;
  let seen = stampOf(files);
  return clock.every(LOOK_EVERY_MS, () => {
    const stamp = stampOf(files);
    if (stamp === seen) return;
    seen = stamp;
    if (stamp.includes("gone")) return;
    try {
      ports.renew({
        cert: readFileSync(cert, "utf8"),
        key: readFileSync(key, "utf8"),
      });
      log.info("the TLS certificate was renewed", { cert, key });
    } catch (error) {
      const what = "the new TLS certificate is of no use; the old one stays";
      log.error(what, { cert, key, error });
    }
  });
}

/** Changes whenever one of the files does, or is replaced; links are followed. */
function stampOf({ cert, key }: NonNullable<Tls["files"]>): string {
  return [cert, key].map(stampOfOne).join();
}

function stampOfOne(path: string): string {
  try {
    const { ino, mtimeMs, size } = statSync(path);
    return `${ino} ${mtimeMs} ${size}`;
  } catch {
    return "gone";
  }
}

const LOOK_EVERY_MS = 10_000;
