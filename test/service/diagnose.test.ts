import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { delimiter, join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { encodeToken } from "../../agent/protocol/enrolment.js";
import { generateKey } from "../../agent/trust/keys.js";
import { LEFT_OUT, redacting } from "../../service/cli/diagnosis/redact.js";
import { tarGz } from "../../service/cli/diagnosis/tar.js";
import { tourniquet } from "../support/agent/host-process.js";
import { TestFolder } from "../support/folder.js";

const TOKEN = encodeToken({
  url: "https://cloud.example",
  secret: Buffer.alloc(32, 7).toString("base64url"),
  root: "0".repeat(64),
});
const KEY = generateKey().toPem();
const [, KEY_LINE = ""] = KEY.split("\n");

/** By where it might be written; what stands for each is told beside it. */
const PLANTED = {
  token: TOKEN,
  "a part of the token": TOKEN.slice(8, 60),
  "device key": KEY,
  "the key without its frame": KEY_LINE,
  "bytes in hex": Buffer.alloc(32, 0xa7).toString("hex"),
  "bytes in Base64": "q83+/kLm9/Zz0aB3cD4eF5gH6iJ7kL8mN9oP0qR1sT2=",
  "a short word of a file of tokens": "hunter2-hunter2",
  "of a proxy": "http://alice:swordfish@proxy.example:3128",
  header: "Authorization: Basic YWxpY2U6c3dvcmRmaXNo",
  bearer: "bearer opensesame",
  setting: "password=sesame99",
  "in JSON": '"clientSecret": "sesame98"',
} as const;

/** What must be nowhere. */
const SECRETS = [
  ...[TOKEN, TOKEN.slice(8, 60), KEY_LINE, PLANTED["bytes in hex"]],
  ...[PLANTED["bytes in Base64"], "hunter2-hunter2", "swordfish"],
  ...["YWxpY2U6c3dvcmRmaXNo", "opensesame", "sesame99", "sesame98"],
];

const ALL = Object.entries(PLANTED)
  .map(([where, it]) => `${where}: ${it}`)
  .join("\n");

/** A host whose every source is full of secrets. */
async function leakyHost() {
  const folder = new TestFolder();
  const state = join(folder.path, "state");
  mkdirSync(state);
  writeFileSync(join(state, "device-0011.key"), KEY);
  writeFileSync(join(state, "token"), "hunter2-hunter2\n");
  writeFileSync(join(state, `left-over-${TOKEN.slice(0, 90)}`), "");
  const programs = join(folder.path, "programs");
  mkdirSync(programs);
  for (const name of ["journalctl", "systemctl", "nft"]) {
    const path = join(programs, name);
    writeFileSync(path, `#!/bin/sh\ncat <<'END'\nhello\n${ALL}\nEND\n`);
    chmodSync(path, 0o755);
  }
  const socket = join(folder.path, "control.sock");
  const agent = createServer((_, response) =>
    response.end(JSON.stringify({ verdict: ALL, [TOKEN]: [PLANTED] })),
  );
  await new Promise<void>((resolve) => agent.listen(socket, resolve));
  const config = folder.file(
    "config.yaml",
    [
      `stateDir: ${state}`,
      `controlSocket: ${socket}`,
      `cloud: { caFile: "/srv/${TOKEN}" }`,
      "enforce: { backend: dry-run }",
    ].join("\n"),
  );
  const output = join(folder.path, "diagnosis.tar.gz");
  const path = [programs, process.env["PATH"]].join(delimiter);
  const env = { PATH: path, https_proxy: PLANTED["of a proxy"] };
  return {
    output,
    run: (...argv: readonly string[]) =>
      tourniquet(["-c", config, "diagnose", ...argv], env),
    [Symbol.asyncDispose]: async () => {
      await new Promise((resolve) => agent.close(resolve));
      folder[Symbol.dispose]();
    },
  };
}

const unpacked = (archive: string): string =>
  spawnSync("tar", ["-xzOf", archive], { encoding: "utf8" }).stdout;

describe("tourniquet diagnose", () => {
  it("has none of the secrets that are planted in all it looks at", async () => {
    await using host = await leakyHost();
    const { code, stdout, stderr } = await host.run("--output", host.output);
    expect(stderr).toBe("");
    expect(code).toBe(0);
    const text = unpacked(host.output);
    for (const part of ["journal", "units", "ruleset", "files", "config"]) {
      expect(text).toContain(`${part}.txt`);
    }
    expect(text.match(/^hello$/gm)).toHaveLength(3);
    for (const secret of SECRETS) {
      expect(text).not.toContain(secret);
      expect(stdout).not.toContain(secret);
    }
    expect(text).toContain(LEFT_OUT);
    expect(statSync(host.output).mode & 0o777).toBe(0o600);
  });

  it("writes nothing unless it is told where to, and over nothing", async () => {
    await using host = await leakyHost();
    const shown = await host.run();
    expect(shown.stdout).toContain("nothing was written");
    expect(shown.stdout).toMatch(/^journal\.txt +\d+ +what the agent logged/m);
    writeFileSync(host.output, "precious");
    const { code, stderr } = await host.run("--output", host.output);
    expect(stderr).toContain("diagnosis.tar.gz is there already");
    expect(code).toBe(2);
  });

  it("says of what can't be had why not", async () => {
    using folder = new TestFolder();
    const config = folder.file(
      "config.yaml",
      `stateDir: ${folder.path}/none\ncontrolSocket: ${folder.path}/c.sock\nenforce: { backend: dry-run }\n`,
    );
    const { code, stdout } = await tourniquet(["-c", config, "diagnose"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^status\.json +- .*no agent is running/m);
  });
});

describe("what is left out", () => {
  it.each([
    ["the cloud answers at https://cloud.example:8443/v1 in 12 ms"],
    ["feed urgent at e1/20113, 131,309 bans, revision 4711"],
    ["/usr/lib/tourniquet/node_modules/better-sqlite3/build/Release"],
    ["203.0.113.7 2001:db8::/32 until 2026-11-29T18:22:41.000Z"],
    ["ERR_TLS_CERT_ALTNAME_INVALID at AgentFollow.receive"],
  ])("is nothing of %j", (text) => {
    expect(redacting([])(text)).toBe(text);
  });
});

describe("an archive", () => {
  it("is as tar reads it, of files of any length", () => {
    using folder = new TestFolder();
    const texts = ["", "x".repeat(512), "ä".repeat(1_000)];
    const files = texts.map((text, i) => ({ path: `d/${i}.txt`, text }));
    const path = join(folder.path, "a.tar.gz");
    writeFileSync(path, tarGz(files, new Date(1_800_000_000_000)));
    const { stdout, status } = spawnSync("tar", ["-tvzf", path], {
      encoding: "utf8",
    });
    expect(status).toBe(0);
    expect(stdout.match(/^-rw------- /gm)).toHaveLength(3);
    expect(unpacked(path)).toBe(texts.join(""));
  });
});
