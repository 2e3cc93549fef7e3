import { mkdirSync } from "node:fs";
import { createServer } from "node:http";
import { dirname, join } from "node:path";
import { describe, expect, it, test } from "@jest/globals";
import { Ledger } from "../../agent/ledger/ledger.js";
import { encodeToken } from "../../agent/protocol/enrolment.js";
import { unixSeconds } from "../../agent/runtime/clock.js";
import { ban } from "../support/agent/agent-fixtures.js";
import {
  HostProcess,
  tourniquet as runWith,
} from "../support/agent/host-process.js";
import { recordNext } from "../support/agent/ledger.js";
import { token } from "../support/vectors.js";

describe("tourniquet", () => {
  it("helps whoever asks", async () => {
    const { code, stdout } = await tourniquet("--help");
    expect(code).toBe(0);
    for (const command of ["run", "enrol", "status", "bans", "clean-up"]) {
      expect(stdout).toMatch(new RegExp(`^  ${command}\\b`, "m"));
    }
    expect(stdout).toContain(
      "Exit codes: 0 done, 1 failed or nothing changed, 2 used wrongly, 3 done in part.",
    );
  });

  it("says its version", async () => {
    expect(await tourniquet("--version")).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
  });

  test.each([
    [["arm"], "unknown command 'arm'"],
    [["status", "--yaml"], "unknown option '--yaml'"],
    [["enrol"], "--token-file is needed"],
    [["hits", "--limit", "0"], '--limit "0" is not from 1 to 10000'],
    [["why"], "missing required argument 'address'"],
    [["why", "localhost"], '"localhost" is not an IP address or range'],
    [["why", "192.0.2.0/33"], "needs a prefix length from 0 to 32"],
    [["logs", "--lines", "all"], '--lines "all" is not a number from 1 up'],
    [["bans", "--limit", "few"], '--limit "few" is not a number from 1 up'],
    [
      ["--config", "/nonexistent", "run"],
      "cannot read the configuration: ENOENT",
    ],
  ])("%j was asked for wrongly: %s", async (argv, why) => {
    const { code, stdout, stderr } = await tourniquet(...argv);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^tourniquet: /);
    expect(stderr).toContain(why);
  });

  it("tells all that is wrong with a configuration", async () => {
    using host = new HostProcess(
      "colour: red\nlog: { level: loud }\nstateDir: x\n",
    );
    const { code, stderr } = await host.tourniquet("run");
    expect(code).toBe(2);
    expect(stderr).toMatch(/has 3 problems:/);
    for (const path of ["colour", "log.level", "stateDir"]) {
      expect(stderr).toContain(`\n  ${path}: `);
    }
  });

  it("does not run before it is enrolled", async () => {
    using host = new HostProcess();
    const { code, stderr } = await host.tourniquet("run");
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /this host is not enrolled .* run: tourniquet enrol/,
    );
  });

  it("says before all else that the host only observes", async () => {
    using host = new HostProcess();
    const status = {
      ...{ version: "1", enforcing: false, mode: "observe", memoryMb: 1 },
      verdict: {
        ...{ does: "not", text: "OBSERVING, nothing is dropped", since: NOW },
        findings: [{ text: "OBSERVING, nothing is dropped", advice: null }],
      },
      identity: { agent: "agt-1", org: "acme", cloud: "c", url: "https://c" },
      pausedUntil: null,
      carried: null,
      policy: { at: "none", version: null, groups: [], allowed: [] },
      log: { head: null, forked: null },
      ...{ kernel: { at: "present", revision: 7 }, ledger: { revision: 7 } },
      ...{ cloud: { at: "up", since: NOW, address: "", why: null }, feeds: [] },
      ...{ protected: { own: [], gateways: [], cloud: [] }, trials: [] },
      ...{ hits: { packets: 0, bytes: 0 }, sessions: null },
      lastHour: { since: NOW, packets: 0, each: [] },
      ...{ proof: null, sensors: [], uncovered: [] },
      upkeep: { healed: 0, contested: null, audit: { checked: 0, found: 0 } },
    };
    const orders: string[] = [];
    const agent = createServer((request, response) => {
      orders.push(`${request.method} ${request.url}`);
      response.end(JSON.stringify(status));
    });
    await new Promise<void>((done) => agent.listen(host.socket, done));
    const told = await host.tourniquet("status");
    const observe = await host.tourniquet("observe");
    const enforce = await host.tourniquet("enforce");
    agent.close();
    expect(told.stdout).toMatch(/^OBSERVING, nothing is dropped\n/);
    expect(observe.stdout).toMatch(/^OBSERVING: /);
    expect(enforce.stdout).toMatch(/^enforcing: /);
    const turned = ["POST /v1/mode", "POST /v1/mode"];
    expect(orders).toEqual(["GET /v1/status", ...turned]);
  });

  it.each(["status", "bans", "hits", "observe", "enforce"])(
    "%s says when no agent runs",
    async (command) => {
      using host = new HostProcess();
      const { code, stderr } = await host.tourniquet(command);
      expect(code).toBe(1);
      expect(stderr).toContain("no agent is running (nothing answers at ");
    },
  );

  it("does not believe whatever answers at its socket", async () => {
    using host = new HostProcess();
    const other = createServer((_request, response) => response.end("hello"));
    await new Promise<void>((done) => other.listen(host.socket, done));
    const { code, stderr } = await host.tourniquet("status");
    other.close();
    expect(code).toBe(1);
    expect(stderr).toMatch(/^tourniquet: what answers at .* is no agent\n$/);
  });

  it("prints no reason that speaks to the terminal", async () => {
    using host = new HostProcess();
    const reason = "\u001b]0;owned\u0007";
    const ban = {
      range: "203.0.113.7",
      feed: "urgent",
      mode: "enforce",
      reason,
    };
    const page = [{ ...ban, expires: null, held: null }];
    const agent = createServer((_request, response) =>
      response.end(JSON.stringify(page)),
    );
    await new Promise<void>((done) => agent.listen(host.socket, done));
    const { stdout } = await host.tourniquet("bans");
    agent.close();
    expect(stdout).toContain("\\u001b]0;owned\\u0007");
    expect(stdout).not.toContain("\u001b");
  });

  it("keeps a token to itself, whatever is wrong with it", async () => {
    using host = new HostProcess();
    const secret = token(42);
    const tokens = [
      encodeToken({
        url: "http://cloud.example",
        secret,
        root: "0".repeat(64),
      }),
      encodeToken({ url: "http://127.0.0.1:1", secret, root: "0".repeat(64) }),
      encodeToken({ url: "nowhere", secret, root: "0" }),
      secret,
    ];
    for (const text of tokens) {
      const path = host.folder.file("token", text);
      const told = await host.tourniquet("enrol", "--token-file", path);
      expect(told.code).toBeGreaterThan(0);
      expect(told.stdout + told.stderr).not.toContain(secret);
      expect(told.stdout + told.stderr).not.toContain(text);
    }
  });

  it("says why from the ledger while no agent runs, and what it rests on", async () => {
    using host = new HostProcess();
    expect(await host.tourniquet("why", "203.0.113.7")).toMatchObject({
      ...{ code: 1, stdout: "" },
      stderr: expect.stringContaining("there is no ledger at"),
    });
    const path = join(host.folder.path, "state/ledger.db");
    mkdirSync(dirname(path), { mode: 0o700 });
    const ledger = Ledger.open(path);
    recordNext(
      ledger,
      "urgent",
      [ban("203.0.113.0/24")],
      unixSeconds(Date.now()),
    );
    const locked = await host.tourniquet("why", "203.0.113.7");
    expect(locked).toMatchObject({ code: 1, stdout: "" });
    expect(locked.stderr).toContain("no agent answers, and yet one holds");
    ledger[Symbol.dispose]();
    for (const asked of ["203.0.113.7", "::ffff:203.0.113.7"]) {
      const told = await host.tourniquet("why", asked, "--json");
      expect(told.code).toBe(0);
      expect(told.stderr).toContain("this is from its ledger");
      expect(JSON.parse(told.stdout)).toMatchObject({
        ...{ range: "203.0.113.7", dropped: "no", mode: null },
        bans: [{ range: "203.0.113.0/24", feed: "urgent", state: "enforced" }],
      });
    }
  });

  it("cleans up where nothing is", async () => {
    using host = new HostProcess();
    expect(await host.tourniquet("clean-up")).toMatchObject({
      code: 0,
      stdout: "no ban of tourniquet is left in the kernel\n",
    });
  });
});

const NOW = "2026-11-28T00:00:00.000Z";

const tourniquet = (...argv: readonly string[]) => runWith(argv);
