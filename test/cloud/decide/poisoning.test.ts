import { describe, expect, it, jest } from "@jest/globals";
import { systemClock } from "../../../agent/runtime/clock.js";
import { TestAgent } from "../../support/agent/test-agent.js";
import { eventually, type TestCloud } from "../../support/cloud/cloud.js";
import type { Past } from "../../support/cloud/past.js";
import { detection } from "../telemetry/items.js";
import { proposalOf } from "./asking.js";
import {
  decisionsOf,
  honestOrgs,
  openStage,
  tellPast,
  type Hosts,
} from "./past-stage.js";

jest.setTimeout(60_000);

const VICTIM = "192.0.2.200";
const ATTACKER = "203.0.113.7";

describe("sock puppets", () => {
  it("that were made in a day ban nobody, on the day and after a month", async () => {
    await using stage = await openStage((past) => ({
      honest: honestOrgs(past, 4),
      fresh: puppets(past, 50, { days: 1, name: "fresh" }),
      patient: puppets(past, 50, { days: 40, name: "patient" }),
    }));
    await stage.report(stage.fresh, VICTIM);
    await stage.report(stage.patient, VICTIM);
    await stage.expectOnlyHonest();
  });

  it("that confirm each other ban nobody: they came together", async () => {
    await using stage = await openStage((past) => {
      const patient = puppets(past, 30, { days: 40, name: "patient" });
      for (const [who] of patient) tellPast(past, who, "198.51.100");
      return { honest: honestOrgs(past, 4), patient };
    });
    // Three of them accuse, and all the others bear witness for them.
    await stage.report(stage.patient.slice(0, 3), VICTIM);
    await stage.expectOnlyHonest();
  });

  it("that say what honest orgs said before, to be confirmed, ban nobody", async () => {
    await using stage = await openStage((past) => {
      const honest = honestOrgs(past, 4);
      const patient = puppets(past, 30, { days: 40, name: "patient" });
      for (const [who] of patient) tellPast(past, who, "192.0.2");
      return { honest, patient };
    });
    await stage.report(stage.patient, VICTIM);
    await stage.expectOnlyHonest();
  });
});

describe("one org with stolen device keys", () => {
  it("bans nobody by all its hosts, nor together with puppets", async () => {
    await using stage = await openStage((past) => {
      const stolen = past.org("stolen", { hosts: 20, days: 300 });
      tellPast(past, stolen[0], "192.0.2");
      const patient = puppets(past, 20, { days: 40, name: "patient" });
      return { honest: honestOrgs(past, 4), stolen, patient };
    });
    for (const who of stage.stolen) await stage.report([[who]], VICTIM);
    await stage.report(stage.patient, VICTIM);
    await stage.expectOnlyHonest();
  });
});

describe("a person decides, whoever says so, on", () => {
  it("what a customer's host connects from", async () => {
    await using stage = await openStage((past) => {
      const honest = honestOrgs(past, 4);
      const victims = past.org("victims");
      const [host] = victims;
      if (host !== undefined) past.came(host, VICTIM);
      return { honest, victims };
    });
    await stage.report(stage.honest.slice(0, 3), VICTIM);
    expect(await proposalOf(stage.cloud)).toMatchObject({
      ...{ attacker: VICTIM, veto: { why: "agent" } },
    });
    await stage.expectOnlyHonest();
  });

  it("what many live behind", async () => {
    await using stage = await openStage((past) => ({
      honest: honestOrgs(past, 4),
    }));
    await stage.report(stage.honest.slice(0, 3), "1.1.1.1");
    expect(await proposalOf(stage.cloud)).toMatchObject({
      ...{ attacker: "1.1.1.1", veto: { why: "tier" } },
    });
    await stage.expectOnlyHonest();
  });

  it("what another org's guard held", async () => {
    await using stage = await openStage((past) => {
      const needing = past.org("needing");
      const held = { action: "held", rule: "live-session" } as const;
      const [host] = needing;
      if (host) past.told(host, 1, [detection(VICTIM, held)]);
      return { honest: honestOrgs(past, 4), needing };
    });
    await stage.report(stage.honest.slice(0, 3), VICTIM);
    expect(await proposalOf(stage.cloud)).toMatchObject({
      ...{ attacker: VICTIM, veto: { why: "held", org: "needing" } },
    });
    await stage.expectOnlyHonest();
  });
});

describe("an attacker who is low and slow", () => {
  it("at 200 hosts of 40 orgs is decided on within 5 s, though others flood", async () => {
    const correlation = { orgs: 20, windowMs: 24 * 60 * 60 * 1000 };
    await using stage = await openStage(
      (past) => ({
        honest: Array.from({ length: 40 }, (_, n) =>
          past.org(`honest${n}`, { hosts: 5, days: 30 + 2 * (n >> 2) }),
        ),
        floods: [1, 2].map((n) => past.org(`flood${n}`)),
      }),
      { correlation },
    );
    const going = new AbortController();
    const floods = stage.floods.map((org) =>
      flood(stage.cloud, org, going.signal),
    );
    try {
      // Each host sees one failure, some minutes after the one before it.
      const hosts = [0, 1, 2, 3, 4].flatMap((n) =>
        stage.honest.flatMap((org) => org[n] ?? []),
      );
      const last = hosts.filter(({ org }) => org === "honest39");
      const before = hosts.filter(({ org }) => org !== "honest39");
      expect([before.length, last.length]).toEqual([195, 5]);
      for (const [n, host] of before.entries()) {
        const time = Date.now() - (200 - n) * 6 * 60_000;
        await stage.report([[host]], ATTACKER, { time, count: 1 });
      }
      expect(await targets(stage.cloud)).not.toContain(ATTACKER);
      const seenAt = Date.now();
      for (const host of last) {
        await stage.report([[host]], ATTACKER, { count: 1 });
      }
      await eventually(async () => {
        const banned = await targets(stage.cloud);
        return banned.includes(ATTACKER) || undefined;
      });
      expect(Date.now() - seenAt).toBeLessThanOrEqual(5_000);
    } finally {
      going.abort();
      await Promise.all(floods);
    }
  });
});

/** Orgs that came within hours, with two hosts each. */
const puppets = (
  past: Past,
  count: number,
  { days, name }: { readonly days: number; readonly name: string },
): readonly Hosts[] =>
  Array.from({ length: count }, (_, n) =>
    past.org(`${name}${n}`, { hosts: 2, days: days - n / 100 }),
  );

async function targets(cloud: TestCloud): Promise<readonly string[]> {
  const decisions = await decisionsOf(cloud);
  return decisions.flatMap(({ targets: first }) => first);
}

/** Ninety sightings a second of whom nobody else sees, until it is enough. */
async function flood(
  cloud: TestCloud,
  [who]: Hosts,
  signal: AbortSignal,
): Promise<void> {
  if (who === undefined) return;
  using agent = await TestAgent.connect(cloud, who);
  for (let n = 0; !signal.aborted; n += 9) {
    const items = Array.from({ length: 9 }, (_, i) =>
      detection(`45.${(n >> 8) & 255}.${n & 255}.${i + 1}`),
    );
    await agent.report(...items);
    await systemClock.sleep(100);
  }
}
