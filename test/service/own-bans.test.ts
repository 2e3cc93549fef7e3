import { describe, expect, it, test } from "@jest/globals";
import { FOREVER } from "../../agent/model/ban.js";
import { ban } from "../support/agent/agent-fixtures.js";
import { Control } from "../support/agent/control.js";
import { HostProcess } from "../support/agent/host-process.js";
import { FakeFeed } from "../support/cloud/fake-cloud.js";

const IP = "203.0.113.7";

describe("bans of this host's own, on the command line", () => {
  it("are in force until they end, are listed as local, and lifted", async () => {
    using host = new HostProcess();
    await using control = await Control.start(host.socket);
    const done = await host.tourniquet("ban", IP, "--for", "2h");
    expect(done).toMatchObject({ code: 0, stderr: "" });
    expect(done.stdout).toMatch(
      /^203\.0\.113\.7 is banned by this host until \S+; take it back: tourniquet lift 203\.0\.113\.7\n$/,
    );
    expect(await control.host.holds(IP)).toEqual([true]);
    expect(await control.ask("/v1/bans?feed=local")).toMatchObject([
      { range: IP, feed: "local", mode: "enforce", reason: "by hand" },
    ]);
    const lifted = await host.tourniquet("lift", IP);
    expect(lifted).toMatchObject({
      ...{ code: 0, stdout: `${IP} is banned by this host no longer\n` },
    });
    expect(await control.host.holds(IP)).toEqual([false]);
    const who: unknown = expect.stringMatching(/^uid \d+ /);
    expect(await control.ask("/v1/orders")).toMatchObject([
      { what: `lift ${IP}`, outcome: "done", who },
      { what: `ban ${IP} for 7200 s: by hand`, outcome: "done", who },
    ]);
  });

  it("are stopped by the guard, which leaves the ledger as it was", async () => {
    using host = new HostProcess();
    await using control = await Control.start(host.socket);
    const { code, stderr } = await host.tourniquet("ban", "192.0.2.10");
    expect(code).toBe(1);
    expect(stderr).toContain(
      "192.0.2.10 is not banned: the guard's rule this-host protects it",
    );
    expect(control.host.ledger.revision()).toBe(0);
  });

  it("are not cut short by accident", async () => {
    await using control = await Control.start();
    const order = { range: IP, seconds: 7_200, reason: "scan" };
    await control.order("/v1/ban", order);
    const shorter = { ...order, seconds: 60 };
    await expect(control.order("/v1/ban", shorter)).rejects.toThrow(
      "which is longer; to cut it short, add --replace",
    );
    expect(
      await control.order("/v1/ban", { ...shorter, replace: true }),
    ).toMatchObject({ range: IP, was: expect.any(String) });
  });

  it("say what bans a range all the same, and what would help", async () => {
    using host = new HostProcess();
    await using control = await Control.start(host.socket);
    await control.host.carryOut(new FakeFeed().append([ban(IP)]));
    const { code, stderr } = await host.tourniquet("lift", IP);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /nothing changed; there are 203\.0\.113\.7 of urgent; .*tourniquet release 203\.0\.113\.7\n$/,
    );
    expect(await control.host.holds(IP)).toEqual([true]);
  });

  test.each([
    ["/v1/ban", '{"range":"203.0.113.7","seconds":60}'],
    ["/v1/ban", '{"range":"x","seconds":60,"reason":""}'],
    ["/v1/ban", '{"range":"203.0.113.7","seconds":31536001,"reason":""}'],
    ["/v1/lift", "{}"],
    ["/v1/allow", '{"range":"203.0.113.7","seconds":60,"reason":""}'],
    ["/v1/allow", '{"range":"0.0.0.0/0","reason":""}'],
  ])("refuse %s with %s", async (path, body) => {
    await using control = await Control.start();
    expect(await control.status("POST", path, body)).toBe(400);
  });
});

describe("what is allowed for good", () => {
  it("is touched by no ban, until it is taken back", async () => {
    using host = new HostProcess();
    await using control = await Control.start(host.socket);
    await control.host.carryOut(new FakeFeed().append([ban(IP)]));
    const done = await host.tourniquet("allow", IP, "--reason", "our office");
    expect(done).toMatchObject({ code: 0, stderr: "" });
    expect(done.stdout).toMatch(/^203\.0\.113\.7 is allowed for good: no ban/);
    const { overrides } = control.host.ledger;
    expect(overrides.releases(0)).toMatchObject([{ until: FOREVER }]);
    await control.host.tidy();
    expect(await control.host.holds(IP)).toEqual([false]);
    const listed = await host.tourniquet("allow", "--list");
    expect(listed.stdout).toMatch(/203\.0\.113\.7 +\S+ +for good +our office/);
    await expect(
      control.order("/v1/ban", { range: IP, seconds: 60, reason: "" }),
    ).rejects.toThrow("the guard's rule released-here protects it");
    expect((await host.tourniquet("allow", IP, "--undo")).code).toBe(0);
    expect(await control.ask("/v1/releases")).toEqual([]);
  });
});
