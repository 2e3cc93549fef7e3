import {
  chmodSync,
  existsSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { decodeToken } from "../../../agent/protocol/enrolment.js";
import { generateKey } from "../../../agent/trust/keys.js";
import type { ReceiptEntry } from "../../../cloud/receipts/receipts.js";
import { positionAfter, TestAgent } from "../../support/agent/test-agent.js";
import {
  enrolWith,
  eventually,
  NEW_VENDOR,
  temporaryFolder,
  type Enrolled,
} from "../../support/cloud/cloud.js";
import { CliCloud } from "../cli-cloud.js";
import { command, freePort, serve } from "../process.js";
import {
  detection,
  health,
  hits,
  inventory,
  vitals,
} from "../telemetry/items.js";
import { documentsIn, runHere } from "./operator.js";

describe("tourniquet-cloud", () => {
  it("goes from nothing to a ban", async () => {
    using folder = temporaryFolder();
    const dir = join(folder.path, "cloud");
    const listen = `127.0.0.1:${await freePort()}`;
    const run = (...args: string[]) => command(...args, "--dir", dir);

    expect(await run("init", "--listen", listen)).toMatchObject({ code: 0 });
    for (const secret of ["operator.token", "keys/root.pem"]) {
      expect(statSync(join(dir, secret)).mode & 0o777).toBe(0o600);
    }
    await using cloud = await serve(dir);

    expect(await run("org", "add", "Example Hosting")).toEqual({
      ...{ code: 0, out: "example-hosting\n", err: "" },
    });
    const token = await run("token", "--org", "example-hosting");
    expect(decodeToken(token.out).url).toBe(`http://${listen}`);

    const banned = await run("ban", "203.0.113.7", "2001:db8::/32", "--wait");
    expect(banned.out).toMatch(/^banned 2 ranges \(dec-\w+, urgent is at 2\)/);
    const lifted = await run("lift", "203.0.113.7");
    expect(lifted.out).toMatch(/^lifted 1 range /);

    const watched = await run("ban", "203.0.113.8", "--observe");
    expect(watched.out).toMatch(/^observed 1 range \(dec-/);

    const list = join(folder.path, "list");
    writeFileSync(list, "192.0.2.1\nnonsense\n");
    const imported = await run("import", list, "--for", "1d");
    expect(imported.out).toContain("1 line rejected");
    expect(imported.err).toContain('line 2: "nonsense"');
    const other = join(folder.path, "other");
    writeFileSync(other, "192.0.2.2\n");
    const tried = await run("import", other, "--observe");
    expect(tried.out).toMatch(/^observed 1 range /);
    const decisions = (await run("decisions")).out;
    expect(decisions).toContain(" ban 203.0.113.8 (observed) ");
    expect(decisions).toContain(" import 1 range (observed) ");
    expect(decisions).toContain(" import 1 range  ");

    const agents = await run("agents", "--json");
    expect(agents).toMatchObject({ code: 0, out: "" });
    expect(await run("receipts")).toMatchObject({ code: 0, out: "" });

    const wrong = await run("ban", "10.0.0.1/8");
    expect(wrong.code).toBe(2);
    expect(wrong.err).toBe(
      'tourniquet-cloud: "10.0.0.1/8" has host bits set; did you mean 10.0.0.0/8?\n',
    );
    expect(await cloud.stop()).toBe(0);
  });

  it("waits for the receipts of a ban, and lists them", async () => {
    await using cloud = await CliCloud.start();
    const { run, url } = cloud;
    await run("org", "add", "example");
    const token = await run("token", "--org", "example");
    const key = generateKey();
    const { body } = await enrolWith(url, token.out, key);
    const who = { ...(body as Omit<Enrolled, "key">), key };
    using agent = await TestAgent.connect({ url }, who);

    const banning = run("ban", "203.0.113.7", "--wait");
    const at = positionAfter(await agent.nextSegment());
    agent.sendReceipt(who, at, { enforcedMs: 2.25 });
    const { code, out } = await banning;
    expect(code).toBe(0);
    expect(out).toMatch(
      new RegExp(`host.example +${who.agent} +in force +2.3`),
    );

    const receipts = await run("receipts");
    expect(receipts.out).toContain(
      `${who.agent} urgent@1 enforce +1 -0 observed 0 held 0`,
    );
    agent.sendReceipt(who, at, { mode: "observe" });
    await eventually(
      async () =>
        (await run("receipts")).out.includes("urgent@1 observe +1") ||
        undefined,
    );
    const json = await run("receipts", "--json");
    const modes = json.out
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as ReceiptEntry).receipt.mode);
    expect(modes).toEqual(["enforce", "observe"]);
    expect((await run("agents")).out).toContain("host.example");
  });

  it("shows what agents saw, how their hosts are, and what was decided on it", async () => {
    await using cloud = await CliCloud.start({ correlation: NEW_VENDOR });
    const { run, url } = cloud;
    for (const org of ["one", "two"]) {
      await run("org", "add", org);
      const token = await run("token", "--org", org);
      const key = generateKey();
      const { body } = await enrolWith(url, token.out, key);
      const who = { ...(body as Omit<Enrolled, "key">), key };
      using agent = await TestAgent.connect({ url }, who);
      await agent.report(detection("203.0.113.7"), hits("198.51.100.1"));
      if (org === "two") continue;
      await agent.report(vitals(7), inventory(), health("disk-full"));
    }
    const agents = (await run("agents")).out;
    expect(agents).toMatch(/one .* disk-full \(high\) +7 .* Debian 12, 6.1.0/);
    expect(agents).toMatch(/two .* unknown .* Linux/);

    const sightings = (await run("sightings")).out;
    expect(sightings).toMatch(/198.51.100.1 +one +10 +600 /);
    const elsewhere = await run("sightings", "--range", "192.0.2.0/24");
    expect(elsewhere.out).not.toContain("198.51.100.1");
    const json = await run("sightings", "--json", "--org", "two");
    expect(JSON.parse(json.out)).toMatchObject({
      ...{ range: "198.51.100.1", org: "two", packets: 10 },
    });

    await run("ban", "192.0.2.1", "--reason", "as asked");
    const decisions = (await run("decisions")).out;
    expect(decisions).toMatch(/ admin .* ban 192.0.2.1 +urgent .*as asked/);
    expect(decisions).toMatch(/ rule:several-orgs +ban 203.0.113.7 +urgent /);
    const ruled = await run("decisions", "--json", "--by", "rule:several-orgs");
    expect(documentsIn(ruled.out)).toMatchObject([
      { evidence: [expect.any(Number), expect.any(Number)] },
    ]);
  });

  it("says in one line that the cloud is not there", async () => {
    using folder = temporaryFolder();
    const dir = join(folder.path, "cloud");
    const listen = `127.0.0.1:${await freePort()}`;
    await runHere("init", "--dir", dir, "--listen", listen);
    expect(await command("agents", "--dir", dir)).toEqual({
      ...{ code: 1, out: "" },
      err: `tourniquet-cloud: nothing answers at http://${listen}: is "tourniquet-cloud serve" running there?\n`,
    });
  });

  it("says in one line that there is no cloud in a folder", async () => {
    using folder = temporaryFolder();
    const { code, err } = await command("agents", "--dir", folder.path);
    expect(code).toBe(2);
    expect(err).toMatch(/^tourniquet-cloud: cannot read .*cloud.json.*\n$/);
  });

  it("says what is wrong with the rules' settings", async () => {
    using folder = temporaryFolder();
    const dir = join(folder.path, "cloud");
    await runHere("init", "--dir", dir);
    const path = join(dir, "cloud.json");
    const settings = JSON.parse(readFileSync(path, "utf8")) as object;
    const correlation = { orgs: 1 };
    writeFileSync(path, JSON.stringify({ ...settings, correlation }));
    const poisonable = await command("serve", "--dir", dir);
    expect(poisonable).toMatchObject({ code: 2 });
    expect(poisonable.err).toContain("one org alone may not ban for everybody");

    writeFileSync(path, JSON.stringify(settings));
    writeFileSync(join(dir, "never-ban.txt"), "the office\n");
    const unread = await command("serve", "--dir", dir);
    expect(unread).toMatchObject({ code: 2 });
    expect(unread.err).toContain("never-ban.txt, line 1");
  });

  it("says what is wrong with where it may go", async () => {
    using folder = temporaryFolder();
    const dir = join(folder.path, "cloud");
    await runHere("init", "--dir", dir, "--listen", "127.0.0.1:0");
    const path = join(dir, "cloud.json");
    const settings = JSON.parse(readFileSync(path, "utf8")) as object;
    const told = async (outgoing: object) => {
      writeFileSync(path, JSON.stringify({ ...settings, outgoing }));
      const { code, err } = await command("serve", "--dir", dir);
      return `${code} ${err}`;
    };
    const caFile = join(folder.path, "authority.pem");
    expect(await told({ caFile })).toBe(
      `2 tourniquet-cloud: outgoing.caFile "${caFile}" cannot be read as PEM of certificates\n`,
    );
    expect(await told({ allow: ["10.0.0.1/8"] })).toMatch(
      /^2 .*outgoing\.allow\.0.*did you mean 10\.0\.0\.0\/8\?/,
    );
    expect(await told({ allowed: [] })).toMatch(/^2 .*outgoing\.allowed/);
  });

  it("makes no second cloud in a folder", async () => {
    using folder = temporaryFolder();
    const dir = join(folder.path, "cloud");
    await runHere("init", "--dir", dir);
    const { code, err } = await command("init", "--dir", dir);
    expect(code).toBe(2);
    expect(err).toContain("holds a cloud already");
  });

  it("does not speak in the clear beyond loopback", async () => {
    using folder = temporaryFolder();
    const dir = join(folder.path, "cloud");
    const init = ["init", "--dir", dir, "--listen", "0.0.0.0:8443"];
    expect(await command(...init)).toEqual({
      ...{ code: 2, out: "" },
      err: 'tourniquet-cloud: listen "0.0.0.0:8443" is for other machines, which need --public-url to find it\n',
    });
    const heard = {
      ...{ code: 2, out: "" },
      err: 'tourniquet-cloud: publicUrl "http://192.0.2.1:8443" would be heard by others; it has to be https://…, or http://… on loopback\n',
    };
    const inTheClear = ["--public-url", "http://192.0.2.1:8443"];
    expect(await command(...init, ...inTheClear)).toEqual(heard);
    const nameless = ["--public-url", "cloud.firm.example:8443"];
    expect((await command(...init, ...nameless)).err).toContain(
      "has to be https://",
    );
    expect(existsSync(dir)).toBe(false);

    await runHere("init", "--dir", dir);
    const path = join(dir, "cloud.json");
    const settings = readFileSync(path, "utf8");
    const publicUrl = "http://192.0.2.1:8443";
    const edited = { ...(JSON.parse(settings) as object), publicUrl };
    writeFileSync(path, JSON.stringify(edited));
    expect(await command("serve", "--dir", dir)).toEqual(heard);
    const { code, err } = await command("agents", "--dir", dir);
    expect(code).toBe(2);
    expect(err).toContain("is neither https nor loopback");
  });

  it.each([
    ["a port that is none", ["init", "--listen", "127.0.0.1:99999"]],
    ["a log format that is none", ["serve", "--log-format", "xml"]],
    ["a list that is a folder", ["import", "."]],
  ])("refuses %s", async (_, args) => {
    using folder = temporaryFolder();
    const dir = join(folder.path, "cloud");
    if (args[0] !== "init") await runHere("init", "--dir", dir);
    expect(await command(...args, "--dir", dir)).toMatchObject({ code: 2 });
  });

  it("keeps its folder to itself, even one that was there before", async () => {
    using folder = temporaryFolder();
    chmodSync(folder.path, 0o755);
    await command("init", "--dir", folder.path);
    expect(statSync(folder.path).mode & 0o777).toBe(0o700);
    const decisions = join(folder.path, "decisions.db");
    expect(statSync(decisions).mode & 0o777).toBe(0o600);
  });

  it("explains itself", async () => {
    const { code, out } = await command("ban", "--help");
    expect(code).toBe(0);
    expect(out).toContain("Examples:");
  });

  it("refuses what it does not know", async () => {
    const { code, err } = await command("bann");
    expect(code).toBe(2);
    expect(err).toContain("unknown command 'bann'");
  });
});
