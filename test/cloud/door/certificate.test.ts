import { once } from "node:events";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { describe, expect, it } from "@jest/globals";
import { watchCertificate } from "../../../cloud/certificate.js";
import { openServer } from "../../../cloud/server.js";
import { makeCertificate } from "../../../scripts/lab/certificate.js";
import { RecordingLogger } from "../../support/agent/recording-logger.js";
import { temporaryFolder } from "../../support/cloud/cloud.js";
import { ManualClock } from "../../support/time/clock.js";

describe("a TLS certificate", () => {
  it("is taken into use as it is renewed; a bad one leaves the old in place", async () => {
    using folder = temporaryFolder();
    const [first, second] = [
      await made(folder.path, "1"),
      await made(folder.path, "2"),
    ];
    const files = {
      cert: join(folder.path, "chain.pem"),
      key: join(folder.path, "key.pem"),
    };
    const install = ({ cert, key }: { cert: string; key: string }) => {
      copyFileSync(cert, files.cert);
      copyFileSync(key, files.key);
    };
    install(first);
    const read = () => ({
      cert: readFileSync(files.cert, "utf8"),
      key: readFileSync(files.key, "utf8"),
    });
    const tls = { ...read(), files };
    await using server = openServer({ host: "127.0.0.1", port: 0, tls });
    const { port } = await server.listen();
    const clock = new ManualClock();
    const log = new RecordingLogger();
    using _watch = watchCertificate(tls, {
      ...{ clock, log },
      renew: (certificate) => server.renew(certificate),
    });
    const before = await shown(port);
    install(second);
    await clock.advance(10_000);
    const after = await shown(port);
    expect(after).not.toBe(before);
    expect(log.lines).toEqual(["info: the TLS certificate was renewed"]);

    writeFileSync(files.cert, "no certificate");
    await clock.advance(30_000);
    expect(await shown(port)).toBe(after);
    expect(log.lines).toHaveLength(2);
    expect(log.lines[1]).toBe(
      "error: the new TLS certificate is of no use; the old one stays",
    );
    install(first);
    await clock.advance(10_000);
    expect(await shown(port)).toBe(before);
  });
});

async function made(folder: string, name: string) {
  const path = join(folder, name);
  mkdirSync(path);
  return makeCertificate(path, "127.0.0.1");
}

/** The fingerprint of what a newcomer is shown. */
async function shown(port: number): Promise<string> {
  const options = { host: "127.0.0.1", port, rejectUnauthorized: false };
  const socket = connectTls(options);
  await once(socket, "secureConnect");
  const { fingerprint256 } = socket.getPeerCertificate();
  socket.destroy();
  return fingerprint256;
}
