import { once } from "node:events";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { unreachable } from "../../../cloud/cli/trusted-fetch.js";
import { operatorsSocket } from "../../../cloud/door/operators-door.js";
import { makeCertificate } from "../../../scripts/lab/certificate.js";
import { startTestCloud, temporaryFolder } from "../../support/cloud/cloud.js";
import { command, freePort, serve } from "../process.js";
import { operatorOf } from "./operator.js";

describe("a cloud that is not reached", () => {
  it("is told with the next step where its authority is not known", async () => {
    using folder = temporaryFolder();
    const dir = join(folder.path, "cloud");
    const port = await freePort();
    const address = `127.0.0.1:${port}`;
    const { cert, key } = await makeCertificate(folder.path, "127.0.0.1");
    const urls = ["--listen", address, "--public-url", `https://${address}`];
    await command("init", "--dir", dir, ...urls);
    const tls = ["--tls-cert", cert, "--tls-key", key];
    await using _cloud = await serve(dir, [], tls);
    fromElsewhere(dir);
    const unknown = await command("org", "list", "--dir", dir);
    expect(unknown.code).toBe(1);
    expect(unknown.err).toBe(
      `tourniquet-cloud: the certificate of https://${address} is of an authority that this machine does not know: name its file with --ca, or as caFile in cloud.json\n`,
    );
    const named = await command(
      "ban",
      "203.0.113.7",
      "--ca",
      cert,
      "--dir",
      dir,
    );
    expect(named).toMatchObject({ code: 0, err: "" });
    const list = join(folder.path, "list");
    writeFileSync(list, "198.18.0.1\n198.18.0.2\n");

    const path = join(dir, "cloud.json");
    const settings = JSON.parse(readFileSync(path, "utf8")) as object;
    writeFileSync(path, JSON.stringify({ ...settings, caFile: cert }));
    const known = await command("import", list, "--dir", dir);
    expect(known.out).toMatch(/^banned 2 ranges /);
    const lost = await command("bans", "--ca", "nowhere.pem", "--dir", dir);
    expect(lost).toMatchObject({
      code: 2,
      err: 'tourniquet-cloud: --ca "nowhere.pem" cannot be read: there is no such file or folder: is its path right?\n',
    });
  });

  it("is told from one that does not speak its language", async () => {
    await using cloud = await startTestCloud();
    const run = operatorOf(cloud);
    fromElsewhere(cloud.dir);
    await using web = await listening((socket) => {
      socket.end("HTTP/1.1 418 I'm a teapot\r\ncontent-length: 0\r\n\r\n");
    });
    setListen(cloud.dir, web.port);
    const { code, err } = await run("org", "list");
    expect(code).toBe(2);
    expect(err).toContain("answered 418, and not as a cloud does");
  });

  it("is told from one that ends the connection", async () => {
    await using cloud = await startTestCloud();
    const run = operatorOf(cloud);
    fromElsewhere(cloud.dir);
    await using web = await listening((socket) => socket.destroy());
    setListen(cloud.dir, web.port);
    const { code, err } = await run("org", "list");
    expect(code).toBe(1);
    expect(err).toContain("ended before the answer");
  });

  it("is told from one that does not know the operator", async () => {
    await using cloud = await startTestCloud();
    const run = operatorOf(cloud);
    writeFileSync(join(cloud.dir, "operator.token"), "A".repeat(43));
    const { code, err } = await run("org", "list");
    expect(code).toBe(2);
    expect(err).toContain("does not know the token in operator.token");
  });

  it.each([
    ["EAI_AGAIN", "the name cloud.example is not known here"],
    ["ENOTFOUND", "the name cloud.example is not known here"],
    ["ETIMEDOUT", "no packet comes back from https://cloud.example"],
    ["SELF_SIGNED_CERT_IN_CHAIN", "name its file with --ca"],
    ["CERT_HAS_EXPIRED", "has run out by this machine's clock"],
    ["ERR_TLS_CERT_ALTNAME_INVALID", "is not for cloud.example"],
    ["ESOMETHING", "is not reachable (ESOMETHING)"],
  ])("is told in a sentence instead of %s", (code, sentence) => {
    const cause = Object.assign(new Error("why"), { code });
    const failed = new TypeError("fetch failed", { cause });
    expect(unreachable("https://cloud.example", failed)).toContain(sentence);
    const both = new AggregateError([cause, new Error("other")]);
    const twice = new TypeError("fetch failed", { cause: both });
    expect(unreachable("https://cloud.example", twice)).toContain(sentence);
  });
});

describe("tourniquet-cloud", () => {
  it("prints its version, and its commands in groups", async () => {
    await using cloud = await startTestCloud();
    const run = operatorOf(cloud);
    const version = await run("--version");
    expect(version).toMatchObject({ code: 0 });
    expect(version.out).toMatch(/^\d+\.\d+\.\d+$/);
    const { out } = await run("--help");
    for (const group of ["Bans:", "What hosts say:", "Orgs and hosts:"]) {
      expect(out).toContain(group);
    }
    const help = await run("ban", "--help");
    expect(help.out).toContain("urgent      for all hosts, at once");
  });

  it("makes orgs and tokens for machines, too", async () => {
    await using cloud = await startTestCloud();
    const run = operatorOf(cloud);
    const named = await run("org", "add", "Bäckerei Müller", "--json");
    expect(JSON.parse(named.out)).toEqual({
      ...{ id: "baeckerei-mueller", name: "Bäckerei Müller" },
    });
    const chosen = await run("org", "add", "Bäckerei Müller", "--id", "bm");
    expect(chosen.out).toBe("bm");
    const wrong = await run("org", "add", "x", "--id", "Not An Id");
    expect(wrong).toMatchObject({
      code: 2,
      err: 'tourniquet-cloud: --id "Not An Id" is not an org\'s id',
    });
    const orgs = await run("org", "list", "--json");
    expect(orgs.out.split("\n")).toEqual([
      '{"id":"baeckerei-mueller","name":"Bäckerei Müller"}',
      '{"id":"bm","name":"Bäckerei Müller"}',
    ]);
    const token = await run("token", "--org", "bm", "--json");
    expect(JSON.parse(token.out)).toMatchObject({
      ...{
        org: "bm",
        token: expect.any(String),
        expiresAt: expect.stringMatching(/^\d{4}-.*Z$/),
      },
    });
    const ever = await run("token", "--org", "bm", "--expires", "permanent");
    expect(ever.err).toContain("is not a time such as 30s");
  });
});

function setListen(dir: string, port: number): void {
  const path = join(dir, "cloud.json");
  const settings = JSON.parse(readFileSync(path, "utf8")) as object;
  const listen = `127.0.0.1:${port}`;
  writeFileSync(path, JSON.stringify({ ...settings, listen }));
}

async function listening(greet: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    // Only who has asked is answered.
    socket.once("data", () => greet(socket));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, "close");
      for (const socket of sockets) socket.destroy();
      server.close();
      await closed;
    },
  };
}

/** As on another machine: the operators' own door is not there. */
const fromElsewhere = (dir: string): void => rmSync(operatorsSocket(dir));
