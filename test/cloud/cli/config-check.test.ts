import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { systemClock } from "../../../agent/runtime/clock.js";
import type { Finding } from "../../../cloud/cli/checked-config.js";
import { runCommand } from "../../../cloud/cli/program.js";
import { foundCloud } from "../../../cloud/setup.js";
import { makeCertificate } from "../../../scripts/lab/certificate.js";
import { temporaryFolder } from "../../support/cloud/cloud.js";
import { mmdbOf } from "../../support/cloud/mmdb.js";

describe("config check", () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let dir: string;

  beforeEach(() => {
    folder = temporaryFolder();
    dir = join(folder.path, "cloud");
    const publicUrl = "https://127.0.0.1:8443";
    const listen = "127.0.0.1:8443";
    foundCloud({ dir, name: "example", listen, publicUrl }, systemClock);
  });

  afterEach(() => folder[Symbol.dispose]());

  async function check(...more: readonly string[]) {
    const lines: string[] = [];
    const code = await runCommand(
      ["config", "check", "--json", "--dir", dir, ...more],
      {
        env: {},
        input: () => Readable.from([]),
        out: (line) => void lines.push(line),
        err: () => undefined,
        stopped: () => new Promise(() => undefined),
      },
    );
    const findings = lines.map((line) => JSON.parse(line) as Finding);
    return { code, wrong: findings.filter((each) => each.wrong), findings };
  }

  const set = (settings: object) => {
    const file = join(dir, "cloud.json");
    const written = JSON.parse(readFileSync(file, "utf8")) as object;
    writeFileSync(file, JSON.stringify({ ...written, ...settings }));
  };

  it("finds nothing wrong with what init made", async () => {
    expect(await check()).toMatchObject({ code: 0, wrong: [] });
  });

  it("names every wrong field with its value", async () => {
    set({ listen: "nowhere", heartbeatMs: 5, disk: { floor: 1 }, more: true });
    const { code, wrong } = await check();
    expect(code).toBe(2);
    expect(wrong).toMatchObject([
      { what: "listen", value: "nowhere" },
      { what: "heartbeatMs", value: 5 },
      { what: "disk.floor" },
      { what: "more" },
    ]);
  });

  it("says where agents would be heard by others", async () => {
    set({ publicUrl: "http://cloud.example:8443" });
    expect((await check()).wrong).toMatchObject([
      { what: "publicUrl", value: "http://cloud.example:8443" },
    ]);
  });

  it("says which secrets others may read", async () => {
    chmodSync(join(dir, "operator.token"), 0o644);
    chmodSync(join(dir, "keys", "root.pem"), 0o640);
    const { code, wrong } = await check();
    expect(code).toBe(2);
    expect(wrong.map(({ what }) => what)).toEqual([
      join(dir, "keys/root.pem"),
      join(dir, "operator.token"),
    ]);
  });

  it("says what the settings name and cannot be used", async () => {
    const clientSecretFile = "oidc.secret";
    const oidc = {
      ...{ issuer: "https://login.example", clientId: "tourniquet" },
      roles: [{ value: "all", role: "admin", org: null }],
    };
    set({
      login: { oidc: { ...oidc, clientSecretFile } },
      outgoing: { caFile: "nosuch.pem" },
    });
    const none = await check();
    expect(none.code).toBe(2);
    expect(none.wrong).toMatchObject([
      { what: "outgoing.caFile", value: join(dir, "nosuch.pem") },
      { what: "login.oidc.clientSecretFile", value: join(dir, "oidc.secret") },
    ]);
    writeFileSync(join(dir, clientSecretFile), "s3cret", { mode: 0o644 });
    expect((await check()).wrong).toMatchObject([
      { what: "outgoing.caFile" },
      { what: join(dir, clientSecretFile) },
    ]);
  });

  it("says whether the file of countries is one", async () => {
    set({ countries: "countries.mmdb" });
    const path = join(dir, "countries.mmdb");
    expect((await check()).wrong).toMatchObject([
      {
        what: "countries",
        value: path,
        message: expect.stringContaining("no such file"),
      },
    ]);
    writeFileSync(path, "start,end,country");
    expect((await check()).wrong).toMatchObject([
      {
        what: "countries",
        value: path,
        message: expect.stringContaining("no MaxMind DB"),
      },
    ]);
    writeFileSync(path, mmdbOf([]));
    const { wrong, findings } = await check();
    expect(wrong).toEqual([]);
    const said = findings.find(({ what }) => what === "countries");
    expect(said?.message).toContain("is of 2023-11-14");
  });

  it("says whether certificate and key fit, for whom, and until when", async () => {
    const one = await makeCertificate(folder.path, "127.0.0.1", []);
    const good = await check("--tls-cert", one.cert, "--tls-key", one.key);
    expect(good).toMatchObject({ code: 0, wrong: [] });
    const said = good.findings.find(({ what }) => what === one.cert);
    expect(said?.message).toMatch(/^is good until \d{4}-/);
    set({ publicUrl: "https://cloud.example" });
    const key = join(dir, "keys", "root.pem");
    const bad = await check("--tls-cert", one.cert, "--tls-key", key);
    expect(bad.code).toBe(2);
    expect(bad.wrong).toMatchObject([
      { what: key, message: expect.stringContaining("is not the key of") },
      {
        what: one.cert,
        message: expect.stringContaining("not for cloud.exam"),
      },
    ]);
  });
});
