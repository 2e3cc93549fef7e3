import { describe, expect, it } from "@jest/globals";
import { NotEnforced } from "../../agent/enforce/enforcer.js";
import { makeEvents } from "../../agent/events/events.js";
import type { HostFacts } from "../../agent/guard/facts.js";
import { formatCidr, parseCidr, type Cidr } from "../../agent/model/cidr.js";
import { Protection } from "../../agent/protect/protection.js";
import {
  facts,
  policy,
  RecordingLogger,
} from "../support/agent/agent-fixtures.js";

describe("protection", () => {
  it("is in the kernel before anything else is", async () => {
    const host = await start();
    expect(host.told).toHaveLength(1);
    expect(host.told[0]).toEqual(
      expect.arrayContaining(["192.0.2.10", "192.0.2.1", "127.0.0.0/8"]),
    );
  });

  it("follows the host's addresses", async () => {
    const host = await start();
    host.is({ ...facts, own: [parseCidr("192.0.2.77")] });
    await host.protection.refresh();
    expect(host.protection.facts.own.map(formatCidr)).toEqual(["192.0.2.77"]);
    expect(host.told[1]).toContain("192.0.2.77");
    expect(host.told[1]).not.toContain("192.0.2.10");
  });

  it("says nothing when nothing changed, whatever the order", async () => {
    const host = await start();
    host.is({ ...facts, cloud: [...facts.cloud].reverse() });
    await host.protection.refresh();
    expect(host.told).toHaveLength(1);
    expect(host.log.lines).toEqual(["info: protected addresses changed"]);
  });

  it("stays as it was while the host can't be read", async () => {
    const host = await start();
    host.is(new Error("netlink is gone"));
    await host.protection.refresh();
    expect(host.protection.facts).toEqual(facts);
    expect(host.log.lines.at(-1)).toBe(
      "error: could not read this host's addresses",
    );
  });

  it("is told to the kernel again until the kernel takes it", async () => {
    const host = await start();
    host.is({ ...facts, own: [parseCidr("192.0.2.77")] });
    host.refuse(1);
    await host.protection.refresh();
    expect(host.told).toHaveLength(1);
    await host.protection.refresh();
    expect(host.told[1]).toContain("192.0.2.77");
  });

  it("that can't be set up stops the start", async () => {
    await expect(start({ refusals: 1 })).rejects.toThrow(NotEnforced);
  });
});

/** Protection over a host that a test can change. */
async function start({ refusals = 0 } = {}) {
  const told: string[][] = [];
  const log = new RecordingLogger();
  let answer: HostFacts | Error = facts;
  let left = refusals;
  const protection = await Protection.start({
    readFacts: () =>
      answer instanceof Error
        ? Promise.reject(answer)
        : Promise.resolve(answer),
    lookUpCloud: () => Promise.resolve(),
    policy,
    enforcer: {
      protect: (cidrs: readonly Cidr[]) => {
        if (left-- > 0) return Promise.reject(new NotEnforced("busy"));
        told.push(cidrs.map(formatCidr));
        return Promise.resolve();
      },
    },
    events: makeEvents(log),
  });
  return {
    protection,
    told,
    log,
    is: (next: HostFacts | Error) => void (answer = next),
    refuse: (times: number) => void (left = times),
  };
}
