import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { describe, expect, it, test } from "@jest/globals";
import type { StatusView } from "../../service/control/status-view.js";
import { ban, type HostOptions } from "../support/agent/agent-fixtures.js";
import { Control } from "../support/agent/control.js";
import {
  HostProcess,
  MAIN,
  tourniquet,
} from "../support/agent/host-process.js";
import { FakeFeed } from "../support/cloud/fake-cloud.js";
import { TestFolder } from "../support/folder.js";

const ranges = Array.from({ length: 130 }, (_, i) => `45.155.205.${i}`);

/** A host of which the program's commands ask. */
async function hostWith(options?: HostOptions) {
  const folder = new TestFolder();
  const control = await Control.start(undefined, options);
  const config = folder.file(
    "config.yaml",
    `controlSocket: ${control.path}\nenforce: { backend: dry-run }\n`,
  );
  const run = (...argv: readonly string[]) =>
    tourniquet(["--config", config, ...argv]);
  return Object.assign(control, { config, run });
}

const filled = async () => {
  const control = await hostWith();
  const { host } = control;
  await host.carryOut(new FakeFeed().append(ranges.map((each) => ban(each))));
  const wide = new FakeFeed("reputation").append([ban("45.155.205.0/24")]);
  await host.carryOut(wide);
  return control;
};

describe("tourniquet bans", () => {
  it("says how many there are when it does not show all", async () => {
    await using control = await filled();
    const { code, stdout } = await control.run("bans");
    const lines = stdout.trimEnd().split("\n");
    expect(code).toBe(0);
    expect(lines).toHaveLength(1 + 50 + 2);
    expect(lines.at(-1)).toBe("50 of 131; --limit N for more, --json for all");
    const all = await control.run("bans", "--limit", "131");
    expect(all.stdout.trimEnd().split("\n")).toHaveLength(1 + 131);
    const { stdout: json } = await control.run("bans", "--json");
    expect(json.trimEnd().split("\n")).toHaveLength(131);
  });

  it("lists those on, around and within a range, of all feeds", async () => {
    await using control = await filled();
    const { stdout } = await control.run("bans", "45.155.205.0/31", "--json");
    const found = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { range: string; feed: string });
    expect(found.map(({ range, feed }) => `${range} ${feed}`)).toEqual([
      "45.155.205.0/24 reputation",
      "45.155.205.0 urgent",
      "45.155.205.1 urgent",
    ]);
    const first = await control.run("bans", "45.155.205.0/24", "--limit", "3");
    expect(first.stdout).toMatch(/\nthe first 3; --limit N for more/);
    expect((await control.run("bans", "192.0.2.0/24")).stdout).toBe("none\n");
  });

  it("carries them away as CSV, those of a reason alone if so asked", async () => {
    await using control = await hostWith();
    const reasons = ['scan of "ssh", loud', "=1+1", "spam"];
    await control.host.carryOut(
      new FakeFeed().append(
        reasons.map((reason, i) => ({ ...ban(`45.155.205.${i}`), reason })),
      ),
    );
    const { code, stdout } = await control.run("bans", "--csv");
    expect(code).toBe(0);
    const lines = stdout.trimEnd().split("\n");
    expect(lines).toEqual([
      "range,feed,mode,expires,reason,held",
      expect.stringMatching(
        /^45\.155\.205\.0,urgent,enforce,[^,]+,"scan of ""ssh"", loud",$/,
      ),
      expect.stringMatching(/,'=1\+1,$/),
      expect.stringMatching(/,spam,$/),
    ]);
    const spam = await control.run("bans", "--reason", "SPAM", "--json");
    expect(JSON.parse(spam.stdout)).toMatchObject({ range: "45.155.205.2" });
    const none = await control.run("bans", "--reason", "nobody says this");
    expect(none.stdout).toBe("none\n");
  });

  it("sorts all that there are, and shows the first of them", async () => {
    await using control = await filled();
    const byRange = await control.run(
      ...["bans", "--sort", "range", "--desc", "--limit", "2", "--json"],
    );
    const ranges = byRange.stdout
      .trimEnd()
      .split("\n")
      .map((line) => (JSON.parse(line) as { range: string }).range);
    expect(ranges).toEqual(["45.155.205.129", "45.155.205.128"]);
    expect(byRange.stderr).toBe("the first 2 of 131 by range\n");
    const csv = await control.run("bans", "--sort", "feed", "--csv");
    expect(csv.stderr).toBe("");
    expect(csv.stdout.split("\n")[1]).toMatch(/^45\.155\.205\.0\/24,reput/);
    expect(csv.stdout.trimEnd().split("\n")).toHaveLength(1 + 131);
  });

  test.each([
    [["--desc"], "--desc needs --sort FIELD"],
    [["--sort", "colour"], "Allowed choices are range, feed, until, reason"],
    [["--sort", "until", "--limit", "200000"], "no more are sorted"],
    [["--feed", "nope"], '"nope" is not a feed'],
    [["--feed", "org/other"], 'this host follows no feed "org/other"'],
    [["somewhere"], '"somewhere" is not an IP address or range'],
  ])("%j is used wrongly: %s", async (argv, why) => {
    await using control = await filled();
    const { code, stderr } = await control.run("bans", ...argv);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringContaining(why),
    });
  });

  it("stops asking once its reader has left", async () => {
    await using control = await filled();
    const argv = ["--config", control.config, "bans", "--json"];
    const program = spawn(process.execPath, [MAIN, ...argv], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    program.stderr.on("data", (text) => (said += String(text)));
    await once(program.stdout, "data");
    program.stdout.destroy();
    const [code] = (await once(program, "close")) as [number];
    expect({ code, said }).toEqual({ code: 0, said: "" });
  });

  it("says that nothing is dropped while the host observes, as why does", async () => {
    await using control = await filled();
    await control.order("/v1/mode", { mode: "observe" });
    expect(await control.ask("/v1/bans?limit=1")).toMatchObject([
      { mode: "observe" },
    ]);
    const { stdout } = await control.run("why", "45.155.205.7");
    expect(stdout).toMatch(/^45\.155\.205\.7 would be dropped: this host obs/);
    expect(stdout).toMatch(/45\.155\.205\.7 +urgent +would be dropped/);
  });
});

describe("tourniquet status", () => {
  it("begins with the verdict, and tells monitoring by its exit code", async () => {
    await using control = await filled();
    const first = await control.run("status");
    expect(first.stdout).toMatch(
      /^enforcing 131 bans\n {2}since [\d:]+, for \d+ s\n/,
    );
    expect(first.stdout.trimEnd().split("\n").length).toBeLessThanOrEqual(14);
    expect(await control.run("status", "--check")).toMatchObject({
      ...{ code: 0, stdout: "enforcing 131 bans\n" },
    });
    await control.order("/v1/rollback", { toBefore: 2 });
    expect(await control.run("status", "--check")).toMatchObject({
      ...{ code: 1, stdout: expect.stringMatching(/^ROLLED BACK .*130 in/) },
    });
    await control.order("/v1/rollback", { revision: 0 });
    expect(await control.run("status", "--check")).toMatchObject({
      ...{
        code: 2,
        stdout: expect.stringMatching(/^ROLLED BACK .*nothing is/),
      },
    });
    const { enforcing, verdict } = (await control.ask(
      "/v1/status",
    )) as StatusView;
    expect({ enforcing, does: verdict.does }).toEqual({
      ...{ enforcing: false, does: "not" },
    });
  });

  it("says since when the cloud is gone, and when it is tried next", async () => {
    await using control = await filled();
    const { status } = control.host;
    status.up("198.51.100.53");
    status.down("connection refused", 60_000);
    status.down("connection reset", 60_000);
    const { stdout } = await control.run("status");
    expect(stdout).toMatch(
      /cloud {4}not connected for \d+ s, tried again in (\d+ s|1 min) \(connection reset\);/,
    );
  });

  it("is used wrongly without an agent only where it is", async () => {
    using folder = new TestFolder();
    const config = folder.file(
      "config.yaml",
      `controlSocket: ${folder.path}/none.sock\n`,
    );
    const check = ["--config", config, "status", "--check"];
    expect((await tourniquet(check)).code).toBe(2);
    expect((await tourniquet(check.slice(0, -1))).code).toBe(1);
  });
});

describe("orders", () => {
  it("a release of a large part of all addresses has to be meant", async () => {
    await using control = await filled();
    const refused = await control.run("release", "0.0.0.0/0");
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain("add --wide");
    const done = await control.run("release", "0.0.0.0/0", "--wide");
    expect(done).toMatchObject({
      ...{ code: 0, stdout: expect.stringMatching(/out of force meanwhile: /) },
    });
    expect((await control.run("status")).stdout).toMatch(
      /^RELEASED: 0\.0\.0\.0\/0 until .*\n {2}to end it: tourniquet release/,
    );
  });

  it("a release names the bans that it is about, or that there are none", async () => {
    await using control = await filled();
    const hit = await control.run("release", "45.155.205.7");
    expect(hit.stdout).toContain("45.155.205.0/24 of reputation");
    const none = await control.run("release", "192.0.2.77");
    expect(none.stdout).toMatch(/no ban touches it; none did\n$/);
    const undo = await control.run("release", "192.0.2.78", "--undo");
    expect(undo).toMatchObject({
      ...{ code: 1, stderr: expect.stringContaining("nothing changed") },
    });
  });

  it("a rollback says per range what came of it, and what bans it still", async () => {
    await using control = await filled();
    const { host } = control;
    await host.carryOut(
      new FakeFeed("org/acme").append([ban("45.155.205.200")]),
    );
    const dry = await control.run("rollback", "--dry-run");
    expect(dry.stdout).toMatch(/^dry run, nothing is changed: back to revis/);
    expect(await host.holds("45.155.205.200")).toEqual([true]);
    const { code, stdout } = await control.run("rollback");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^back to revision 2: 1 range withheld/);
    expect(stdout).toMatch(/ 3 .* org\/acme +1 ban, 0 lifts +scanning/);
    expect(stdout).toMatch(
      /45\.155\.205\.200 +not in force, still banned by 45\.155\.205\.0\/24 of rep/,
    );
    const nothing = await control.run("rollback", "3");
    expect(nothing.code).toBe(0);
    expect((await control.run("rollback", "--undo")).code).toBe(0);
    expect((await control.run("rollback", "--undo")).code).toBe(1);
  });

  it("a refused order is kept as refused, with who logged in to give it", async () => {
    await using control = await filled();
    const { code, stderr } = await control.run("rollback", "99999");
    expect(code).toBe(1);
    expect(stderr).toContain("revision 99999 can't be gone back to");
    expect(
      (await control.run("rollback", "--to-before", "999")).stderr,
    ).toMatch(/order 999 is not kept \(see: tourniquet history\)/);
    const { stdout } = await control.run("history", "--orders");
    expect(stdout).toMatch(/rollback to revision 99999 +refused: revision 999/);
    expect(stdout).toMatch(/uid \d+ \(pid \d+\)/);
  });

  it("a confirmation of nothing says so, and fails", async () => {
    await using control = await filled();
    expect(await control.run("confirm")).toMatchObject({
      code: 1,
      stderr: "tourniquet: no ban is held as not-confirmed: nothing changed\n",
    });
  });

  it("a history that is cut says so, and tells decisions with reasons", async () => {
    await using control = await filled();
    const { stdout } = await control.run("history", "--limit", "1");
    expect(stdout).toMatch(/\n2 +\S+Z +segment +reputation +1 +0 +0 +scanning/);
    expect(stdout).toContain("tourniquet rollback takes back order 2");
    expect(stdout).toContain("the newest 1; --limit N for more");
  });
});

test.each([
  ["yes", 0],
  ["partly", 3],
  ["no", 1],
  ["unknown", 1],
])("why --quiet of what is dropped %s ends with %d", async (dropped, code) => {
  using host = new HostProcess();
  const agent = createServer((_request, response) =>
    response.end(JSON.stringify({ dropped })),
  );
  await new Promise<void>((done) => agent.listen(host.socket, done));
  const told = await host.tourniquet("why", "45.155.205.7", "--quiet");
  agent.close();
  expect(told).toEqual({ code, stdout: "", stderr: "" });
});
