import { describe, expect, it, test } from "@jest/globals";
import { ban } from "../support/agent/agent-fixtures.js";
import { Control } from "../support/agent/control.js";
import { noTrialConfig } from "../support/agent/limits.js";
import { FakeFeed } from "../support/cloud/fake-cloud.js";

describe("the last word, over the control socket", () => {
  it("pauses the whole host, and says until when", async () => {
    await using control = await Control.start();
    await control.host.carryOut(new FakeFeed().append([ban("203.0.113.7")]));
    const answer = await control.order("/v1/pause", { seconds: 900 });
    const { until } = answer as { until: string };
    expect(await control.ask("/v1/status")).toMatchObject({
      ...{ mode: "observe", enforcing: false, pausedUntil: until },
    });
    await control.order("/v1/mode", { mode: "enforce" });
    expect(await control.ask("/v1/status")).toMatchObject({
      ...{ mode: "enforce", enforcing: true, pausedUntil: null },
    });
  });

  it("releases ranges, lists them, and ends that", async () => {
    await using control = await Control.start();
    const released = { range: "203.0.113.7", seconds: 60, reason: "case 9" };
    await control.order("/v1/release", released);
    expect(await control.ask("/v1/releases")).toMatchObject([
      { range: "203.0.113.7", reason: "case 9" },
    ]);
    const { range } = released;
    const undo = () => control.order("/v1/release/undo", { range });
    expect(await undo()).toMatchObject({ range, done: true });
    expect(await undo()).toMatchObject({ range, done: false });
    expect(await control.ask("/v1/releases")).toEqual([]);
    expect(control.host.log.lines).toContain(
      "info: released 203.0.113.7 for 60 s: case 9", // and by whom stays here
    );
  });

  it("confirms what was taken back: one range, then all of it", async () => {
    const trial = { ...noTrialConfig, prefix: { 4: 32, 6: 128 } };
    await using control = await Control.start(undefined, { trial });
    const { host } = control;
    const ranges = ["198.16.0.0/16", "198.17.0.0/16", "198.18.0.0/16"];
    await host.carryOut(new FakeFeed().append(ranges.map((each) => ban(each))));
    const ids = host.ledger.trials().map(({ id }) => id);
    host.ledger.settle(ids, "failed");
    await host.enforcement.enforce();
    await host.tidy();
    expect(await host.holds(...ranges)).toEqual([false, false, false]);
    const confirm = (order: object) => control.order("/v1/confirm", order);
    expect(await confirm({ range: ranges[1] })).toEqual({
      ...{ confirmed: 1, held: {} },
    });
    expect(await host.holds(...ranges)).toEqual([false, true, false]);
    expect(await confirm({ range: "192.0.2.0/24" })).toEqual({
      ...{ confirmed: 0, held: {} },
    });
    expect(await confirm({})).toEqual({ confirmed: 2, held: {} });
    await host.tidy();
    expect(await host.holds(...ranges)).toEqual([true, true, true]);
    expect(host.ledger.trials()).toEqual([]);
  });

  it("rolls back, shows the history, and who ordered it", async () => {
    await using control = await Control.start();
    const { host } = control;
    const feed = new FakeFeed();
    await host.carryOut(feed.append([ban("203.0.113.7")]));
    await host.carryOut(feed.append([ban("203.0.113.8")]));
    expect(await control.ask("/v1/history?limit=1")).toMatchObject({
      ...{ from: 0, last: 1, more: true },
      orders: [{ order: 2, feed: "urgent", changed: 1, reason: "scanning" }],
    });
    expect(await control.order("/v1/rollback", {})).toMatchObject({
      ...{ to: 1, withheld: 1, putBack: 0 },
    });
    expect(await host.holds("203.0.113.7", "203.0.113.8")).toEqual([
      true,
      false,
    ]);
    await host.carryOut(feed.append([ban("203.0.113.8", 7_200)]));
    expect(await host.holds("203.0.113.8")).toEqual([false]);
    await control.order("/v1/rollback/undo", {});
    expect(await host.holds("203.0.113.8")).toEqual([true]);
    const id = `uid ${process.getuid?.() ?? 0} (pid ${process.pid})`;
    const who: unknown = expect.stringContaining(id);
    expect(await control.ask("/v1/orders")).toMatchObject([
      { who, what: "rollback --undo" },
      { who, what: "rollback of the newest order", outcome: "done" },
    ]);
    const what = "rollback of the newest order";
    expect(host.log.fields).toContainEqual({ what, by: who });
  });

  test.each([
    ["/v1/pause", '{"seconds":0}', 400],
    ["/v1/pause", '{"seconds":86401}', 400],
    ["/v1/release", '{"range":"203.0.113.7","seconds":60}', 400],
    ["/v1/release", '{"range":"x","seconds":60,"reason":""}', 400],
    ["/v1/rollback", '{"revision":-1}', 400],
    ["/v1/rollback", '{"revision":7}', 409],
    ["/v1/rollback", "{}", 409],
  ])("refuses %s with %s", async (path, body, status) => {
    await using control = await Control.start();
    expect(await control.status("POST", path, body)).toBe(status);
  });
});
