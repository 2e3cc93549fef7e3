import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { parseCidr } from "../../../agent/model/cidr.js";
import { holdTables } from "../../../cloud/decide/holds.projection.js";
import { NeverList } from "../../../cloud/decide/never.js";
import { Vetoes } from "../../../cloud/decide/vetoes.js";
import type { DecisionEvent } from "../../../cloud/journal/decision-events.js";
import type { ObservationEvent } from "../../../cloud/journal/observation-events.js";
import { Registry } from "../../../cloud/registry/registry.js";
import { temporaryFolder } from "../../support/cloud/cloud.js";
import { openLogs } from "../../support/cloud/logs.js";
import { ManualClock } from "../../support/time/clock.js";
import { detection } from "../telemetry/items.js";

const ATTACKER = "203.0.113.7";

describe("what guards hold", () => {
  it("is no less an org's veto where another has a thousand hosts that hold it", async () => {
    await using world = await open();
    await world.hold("other", 1);
    world.clock.jump(1_000);
    await world.hold("crowd", 1_200);
    expect(world.veto()).toMatchObject({ why: "held", org: "crowd" });
    world.full.add("crowd");
    expect(world.veto()).toMatchObject({ why: "held", org: "other" });
    world.full.add("other");
    expect(world.veto()).toBeUndefined();
  });
});

async function open() {
  const folder = temporaryFolder();
  const clock = new ManualClock();
  const ofObservations = [holdTables];
  const logs = await openLogs(folder.path, { clock, ofObservations });
  /** Orgs that have as many open vetoes as they may. */
  const full = new Set<string>();
  const vetoes = new Vetoes(logs.views.observed, {
    ...{ clock, never: new NeverList(join(folder.path, "never.txt")) },
    ...{ peers: { at: () => [] }, registry: new Registry(logs.views) },
    proposals: { openOf: (_, org) => (full.has(org) ? 20 : 0) },
  });
  return {
    ...{ clock, full },
    veto: () => vetoes.on(ATTACKER, parseCidr(ATTACKER)),
    /** So many hosts of an org enrol, and say that they need the address. */
    hold: async (org: string, hosts: number) => {
      const agents = Array.from({ length: hosts }, (_, n) => `${org}-${n}`);
      await logs.decide({ kind: "org-added", org, name: org });
      await logs.decide(...agents.map((agent) => enrolled(agent, org)));
      await logs.observe(...agents.map((agent) => held(agent, org)));
    },
    [Symbol.asyncDispose]: async () => {
      await logs[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

const enrolled = (agent: string, org: string): DecisionEvent => ({
  ...({ kind: "agent-enrolled", agent, org, tokenHash: agent } as const),
  ...{ publicKey: agent, hostname: agent, system: "Linux", version: "0.4.0" },
});

const held = (agent: string, org: string): ObservationEvent => ({
  ...({ kind: "telemetry", agent, org, spool: "s", first: 1 } as const),
  items: [detection(ATTACKER, { action: "held", rule: "this-host" })],
});
