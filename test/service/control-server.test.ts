import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, test } from "@jest/globals";
import type { BanView } from "../../service/control/list-views.js";
import type { StatusView } from "../../service/control/status-view.js";
import { ban } from "../support/agent/agent-fixtures.js";
import { Control } from "../support/agent/control.js";
import { StubbornEnforcer } from "../support/agent/enforcers.js";
import { FakeFeed } from "../support/cloud/fake-cloud.js";
import { TestFolder } from "../support/folder.js";
import { hex } from "../support/vectors.js";

describe("the control socket", () => {
  it("tells whether the host is enforcing, and what", async () => {
    await using control = await Control.start();
    await control.host.carryOut(
      new FakeFeed().append([ban("203.0.113.7"), ban("192.0.2.10")]),
    );
    expect(await control.ask("/v1/status")).toMatchObject({
      version: "1.2.3",
      enforcing: true,
      mode: "enforce",
      kernel: { at: "present", revision: 1 },
      ledger: { revision: 1 },
      cloud: { at: "down", why: "not dialed yet", caughtUp: false },
      feeds: [{ feed: "urgent", epoch: "e1", offset: 2, bans: 1, held: 1 }],
      protected: { own: ["192.0.2.10", "2001:db8::10"] },
    });
  });

  it("admits that it is not enforcing", async () => {
    await using control = await Control.start();
    await control.host.enforcer.cleanUp();
    const status = (await control.ask("/v1/status")) as StatusView;
    expect(status.enforcing).toBe(false);
    expect(status.kernel).toEqual({ at: "absent", revision: null });
  });

  it("hands bans out by the page", async () => {
    await using control = await Control.start();
    const ranges = [1, 2, 3, 4, 5].map((n) => `203.0.113.${n}`);
    for (const feed of ["reputation", "urgent"] as const) {
      await control.host.carryOut(
        new FakeFeed(feed).append(ranges.map((range) => ban(range))),
      );
    }
    const seen: string[] = [];
    for (let after = ""; ;) {
      const page = (await control.ask(`/v1/bans?limit=3${after}`)) as BanView[];
      seen.push(...page.map(({ feed, range }) => `${feed} ${range}`));
      if (page.length < 3) break;
      after = `&after=${encodeURIComponent(seen.at(-1) ?? "")}`;
    }
    expect(seen).toEqual([
      ...ranges.map((range) => `reputation ${range}`),
      ...ranges.map((range) => `urgent ${range}`),
    ]);
  });

  it("hands out what was held, and by which rule", async () => {
    await using control = await Control.start();
    await control.host.carryOut(
      new FakeFeed().append([ban("10.0.0.0/8"), ban("11.0.0.0/8")]),
    );
    expect(await control.ask("/v1/bans?held&limit=1")).toMatchObject([
      { range: "10.0.0.0/8", feed: "urgent", held: "too-wide" },
    ]);
    const after = encodeURIComponent("urgent 10.0.0.0/8");
    expect(await control.ask(`/v1/bans?held&after=${after}`)).toMatchObject([
      { range: "11.0.0.0/8" },
    ]);
  });

  test.each([
    ["/v1/bans?limit=0", "is not from 1 to 1000"],
    ["/v1/bans?limit=1001", "is not from 1 to 1000"],
    ["/v1/bans?limit=many", "is not from 1 to 1000"],
    ["/v1/bans?feed=everything", '"everything" is not a feed'],
    ["/v1/bans?after=urgent", "is not an IP address or range"],
    ["/v1/bans?after=203.0.113.1", "is not a feed"],
    ["/v1/hits?limit=0", "is not from 1 to 10001"],
    ["/v1/why", '"" is not an IP address or range'],
    ["/v1/why?range=192.0.2.300", '"192.0.2.300" is not an IP address'],
    ["/v1/nothing", "/v1/nothing is not known"],
  ])("answers %s with what is wrong: %s", async (path, why) => {
    await using control = await Control.start();
    await expect(control.ask(path)).rejects.toThrow(why);
  });

  it("tells of each ban whether it is only observed, and counts them apart", async () => {
    await using control = await Control.start();
    const observed = { ...ban("203.0.113.8"), observed: true };
    await control.host.carryOut(
      new FakeFeed().append([ban("203.0.113.7"), observed]),
    );
    expect(await control.ask("/v1/bans")).toMatchObject([
      { range: "203.0.113.7", mode: "enforce" },
      { range: "203.0.113.8", mode: "observe" },
    ]);
    expect(await control.ask("/v1/status")).toMatchObject({
      feeds: [{ feed: "urgent", bans: 1, observed: 1, held: 0 }],
    });
  });

  it("turns the whole host to observing and back, and remembers it", async () => {
    await using control = await Control.start();
    const { host } = control;
    await host.carryOut(new FakeFeed().append([ban("203.0.113.7")]));
    const observe = { mode: "observe" };
    expect(await control.order("/v1/mode", observe)).toEqual(observe);
    expect(host.ledger.mode()).toBe("observe");
    expect(await control.ask("/v1/status")).toMatchObject({
      ...{ mode: "observe", enforcing: false },
    });
    await control.order("/v1/mode", { mode: "enforce" });
    expect(await control.ask("/v1/status")).toMatchObject({
      ...{ mode: "enforce", enforcing: true },
    });
    const audited =
      "warn: the mode of this host was changed over the control socket";
    expect(host.log.lines.filter((line) => line === audited)).toHaveLength(2);
  });

  test.each([
    ["no JSON", "observe"],
    ["a mode that there is not", '{"mode":"sleep"}'],
    ["no mode", "{}"],
    ["more than is known", '{"mode":"observe","for":"1h"}'],
  ])("refuses an order with %s", async (_, body) => {
    await using control = await Control.start();
    expect(await control.status("POST", "/v1/mode", body)).toBe(400);
    expect(control.host.ledger.mode()).toBe("enforce");
  });

  test.each([
    ["POST", "/v1/status", 404],
    ["GET", "/v1/mode", 404],
    ["PUT", "/v1/mode", 405],
    ["DELETE", "/v1/status", 405],
  ])("takes no orders by %s of %s", async (method, path, status) => {
    await using control = await Control.start();
    expect(await control.status(method, path)).toBe(status);
    expect(control.host.ledger.mode()).toBe("enforce");
  });

  it("says when the kernel refuses an order, which is remembered", async () => {
    const enforcer = new StubbornEnforcer();
    await using control = await Control.start(undefined, { enforcer });
    await control.host.carryOut(new FakeFeed().append([ban("203.0.113.7")]));
    enforcer.stubborn = true;
    await expect(
      control.order("/v1/mode", { mode: "observe" }),
    ).rejects.toThrow("the kernel is stubborn; the agent goes on trying");
    expect(control.host.ledger.mode()).toBe("observe");
  });

  it("says why there is no new key", async () => {
    await using control = await Control.start();
    await expect(control.order("/v1/rekey", {})).rejects.toThrow(
      "a credential that its service manager hands in",
    );
  });

  it("reads no order that is longer than any", async () => {
    await using control = await Control.start();
    const long = JSON.stringify({ mode: "observe", x: "x".repeat(1_024) });
    expect(await control.status("POST", "/v1/mode", long)).toBe(413);
  });

  it("tells where each feed stands, and by which root", async () => {
    await using control = await Control.start();
    const urgent = new FakeFeed();
    await control.host.carryOut(urgent.append([ban("203.0.113.7")]));
    const hash = hex(urgent.position.hash);
    expect(await control.ask("/v1/positions")).toMatchObject({
      root: { version: 1 },
      feeds: [
        { feed: "urgent", position: { epoch: "e1", offset: 1, hash } },
        { feed: "reputation", position: null, head: null, seen: [] },
        { feed: "org/acme", position: null },
      ],
    });
  });

  it("is for its owner alone", async () => {
    await using control = await Control.start();
    expect(statSync(control.path).mode & 0o777).toBe(0o600);
  });

  it("is one agent's", async () => {
    await using control = await Control.start();
    await expect(control.startAgain()).rejects.toThrow("another agent answers");
    await control.ask("/v1/status");
  });

  it("takes the place of one that a crash left", async () => {
    using folder = new TestFolder();
    const path = join(folder.path, "control.sock");
    const crashed = spawnSync(process.execPath, [
      "--eval",
      `require("net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`,
    ]);
    expect(crashed.signal).toBe("SIGKILL");
    expect(existsSync(path)).toBe(true);
    await using control = await Control.start(path);
    await control.ask("/v1/status");
  });

  it("never removes what is no socket", async () => {
    using folder = new TestFolder();
    const path = folder.file("precious.conf", "do not lose me");
    await expect(Control.start(path)).rejects.toThrow("is no socket");
    expect(readFileSync(path, "utf8")).toBe("do not lose me");
  });

  it("is gone when the agent ends", async () => {
    const control = await Control.start();
    await control[Symbol.asyncDispose]();
    expect(existsSync(control.path)).toBe(false);
    await expect(control.ask("/v1/status")).rejects.toThrow(
      "no agent is running",
    );
  });
});
