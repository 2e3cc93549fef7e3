import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { tally } from "../../../cloud/coverage/tally.js";
import {
  hostStates,
  type HostOutcome,
} from "../../../cloud/receipts/host-outcome.js";

const DECIDED = Date.UTC(2026, 0, 1);
const ban = { action: "ban", observed: false, decidedAt: DECIDED } as const;

describe("the hosts of a decision, added up,", () => {
  it("count those that do what was decided, and keep late-comers apart", () => {
    const hosts = [
      host({ state: "in-force", provedAt: DECIDED + 10 }),
      host({ state: "passed", sure: "inferred", provedAt: DECIDED + 30 }),
      host({ state: "observed", provedAt: DECIDED + 20, org: "globex" }),
      host({ state: "offline", sure: null, missing: "offline" }),
      host({ state: "in-force", late: true, provedAt: DECIDED + 99_000 }),
      host({ state: "waiting", sure: null, late: true, missing: "silent" }),
    ];
    expect(tally(ban, hosts)).toEqual({
      ...{ must: 4, holding: 2, inPart: 0, missing: 1, proven: 1 },
      states: { "in-force": 1, passed: 1, observed: 1, offline: 1 },
      late: { must: 2, holding: 1, inPart: 0, missing: 1 },
      times: { p50: 20, p90: 30, p99: 30, max: 30 },
      orgs: [
        { org: "acme", must: 3, holding: 2, inPart: 0, missing: 1 },
        { org: "globex", must: 1, holding: 0, inPart: 0, missing: 0 },
      ],
    });
  });

  it("are carried out by observing where that is what was ordered", () => {
    const hosts = [host({ state: "observed" })];
    expect(tally({ ...ban, observed: true }, hosts).holding).toBe(1);
    expect(tally({ ...ban, action: "lift" }, hosts).holding).toBe(1);
    expect(tally(ban, hosts).holding).toBe(0);
  });

  it("say nothing of time where nobody has proved anything", () => {
    expect(tally(ban, [host({ state: "waiting", sure: null })])).toMatchObject({
      ...{ must: 1, holding: 0, times: null },
    });
  });

  it("never hold more than must, nor fewer than by org", () => {
    const any = fc.record({
      state: fc.constantFrom(...hostStates),
      org: fc.constantFrom("acme", "globex", "initech"),
      late: fc.boolean(),
      provedAt: fc.option(fc.integer({ min: DECIDED, max: DECIDED + 9_999 })),
    });
    fc.assert(
      fc.property(fc.array(any), (all) => {
        const sum = tally(ban, all.map(host));
        const { must, holding, proven, late, orgs, times } = sum;
        expect(proven).toBeLessThanOrEqual(holding);
        expect(holding).toBeLessThanOrEqual(must);
        expect(must + late.must).toBe(all.length);
        expect(orgs.reduce((n, each) => n + each.must, 0)).toBe(must);
        expect(orgs.reduce((n, each) => n + each.holding, 0)).toBe(holding);
        const { p50 = 0, p90 = 0, p99 = 0, max = 0 } = times ?? {};
        const rising = [p50, p90, p99, max];
        expect(rising).toEqual([...rising].sort((a, b) => a - b));
      }),
    );
  });
});

const host = (more: Partial<HostOutcome>): HostOutcome => ({
  ...{ agent: "agt-1", hostname: "web1", org: "acme", connected: true },
  ...({ state: "in-force", sure: "proven", enforcedMs: 1, held: {} } as const),
  ...{ detail: "", offlineSince: null, late: false, provedAt: null },
  ...{ missing: null, missingSince: null },
  ...more,
});
