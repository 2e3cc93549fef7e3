import { describe, expect, it } from "@jest/globals";
import type { Receipt } from "../../../agent/protocol/documents.js";
import type { Statement } from "../../../agent/protocol/statement.js";
import type { DecisionEntry } from "../../../cloud/decide/decision-log.js";
import type { Around, Heard } from "../../../cloud/receipts/host-outcome.js";
import { outcomeOf } from "../../../cloud/receipts/outcome.js";
import type { TrialEnd } from "../../../cloud/telemetry/statements.js";

const NOW = Date.UTC(2026, 0, 1);
const LATER = NOW + 60_000;
const RANGE = "203.0.113.7";

const decision = {
  ...{ feed: "urgent", action: "ban", last: 2, ranges: 2, targets: [] },
  observed: false,
} as unknown as DecisionEntry;

const single = { ...decision, ranges: 1, targets: [RANGE] };

describe("a decision of which two changes are on trial", () => {
  it("is on trial until each of them has ended, however often one says so", () => {
    expect(stateAfter([7])).toBe("on-trial");
    expect(stateAfter([7, 7])).toBe("on-trial");
    expect(stateAfter([7, 8])).toBe("in-force");
  });
});

/** As it is once trials of these revisions were stated to have passed. */
function stateAfter(revisions: readonly number[]) {
  const trialEnds = revisions.map((revision): TrialEnd => ({
    ...{ time: NOW, text: "", feed: "urgent" },
    ...{ revision, passed: true },
  }));
  const tried = { trial: { until: LATER, bans: 1 } };
  const during = [answer(1, 7, tried), answer(2, 8, tried)];
  return said(decision, { during }, { trialEnds }).state;
}

describe("what a device stated after its receipt", () => {
  const during = [answer(2, 8)];
  const after = (...facts: readonly object[]) =>
    said(single, { during }, { stated: facts.map(stated) });

  it("counts: it observes, for a while or for good, until it enforces again", () => {
    expect(after()).toMatchObject({ state: "in-force", sure: "proven" });
    const paused = { what: "paused", mode: "observe", until: LATER };
    expect(after(paused)).toMatchObject({
      ...{ state: "observed", sure: "proven" },
      detail: "until 2026-01-01T00:01:00.000Z",
    });
    expect(after({ what: "mode", mode: "observe" }).state).toBe("observed");
    expect(after(paused, { what: "pause-ended" }).state).toBe("in-force");
  });

  it("counts: it released the range, and until when", () => {
    const wider = { what: "released", range: "203.0.113.0/24", until: LATER };
    expect(after(wider)).toMatchObject({ state: "released", sure: "proven" });
    const ended = { what: "release-ended", range: wider.range };
    expect(after(wider, ended).state).toBe("in-force");
    expect(after({ ...wider, until: NOW - 1 }).state).toBe("in-force");
    const other = { ...wider, range: "198.51.100.0/24" };
    expect(after(other).state).toBe("in-force");
  });

  it("counts: it went back to a ruleset from before, and no other", () => {
    const back = { what: "rolled-back", revision: 7, withheld: 1, putBack: 0 };
    expect(after(back).state).toBe("rolled-back");
    expect(after({ ...back, revision: 8 }).state).toBe("in-force");
    const undone = { what: "rollback-undone", ranges: 1 };
    expect(after(back, undone).state).toBe("in-force");
  });

  it("counts: its operator confirmed what it had taken back", () => {
    const failed = {
      ...{ what: "trial-failed", feed: "urgent", revision: 8, bans: 1 },
      why: ["no gateway"],
    };
    const end: TrialEnd = {
      ...{ time: NOW, text: "no gateway", feed: "urgent" },
      ...{ revision: 8, passed: false },
    };
    const trialEnds = [end];
    const tried = {
      during: [answer(2, 8, { trial: { until: NOW, bans: 1 } })],
    };
    const back = (...facts: readonly object[]) =>
      said(single, tried, { trialEnds, stated: facts.map(stated) });
    expect(back(failed)).toMatchObject({
      ...{ state: "taken-back", sure: "proven" },
    });
    const confirmed = { what: "confirmed", bans: 1 };
    expect(back(failed, confirmed)).toMatchObject({
      ...{ state: "in-force", sure: "inferred" },
    });
    expect(back(confirmed, failed).state).toBe("taken-back");
    const other = { ...confirmed, range: "198.51.100.0/24" };
    expect(back(failed, other).state).toBe("taken-back");
    const own = { ...confirmed, range: RANGE };
    expect(back(failed, own).state).toBe("in-force");
  });

  it("is of no account where it stated it before the receipt", () => {
    const early = { seq: 0, statement: { what: "mode", mode: "observe" } };
    const stated = [early] as unknown as Around["stated"];
    expect(said(single, { during }, { stated }).state).toBe("in-force");
  });
});

describe("how sure an outcome is", () => {
  it("is inferred where the receipt is of a later change", () => {
    expect(said(single, { isBeyond: true })).toMatchObject({
      ...{ state: "passed", sure: "inferred" },
    });
    const newest = { seq: 9, mode: "observe" } as const;
    expect(said(single, { isBeyond: true }, { newest }).state).toBe("observed");
  });

  it("still has the rule of an earlier part when the last receipt was left out", () => {
    const held = [{ range: "8.8.8.8", rule: "public-resolver" }];
    const during = [answer(1, 7, { heldTotal: 1, held })];
    expect(said(decision, { during, isBeyond: true })).toMatchObject({
      ...{ state: "held-in-part", sure: "inferred" },
      held: { "public-resolver": 1 },
    });
  });

  it("is no more than said of a kernel that somebody emptied since", () => {
    const during = [answer(2, 8)];
    const notEnforcing = "the table is gone";
    expect(said(single, { during }, { notEnforcing })).toMatchObject({
      ...{ state: "not-enforcing", sure: "said", detail: notEnforcing },
    });
    expect(said(single, {}, { notEnforcing }).state).toBe("waiting");
    const lift = { ...single, action: "lift" } as const;
    expect(said(lift, { during }, { notEnforcing }).state).toBe("in-force");
  });

  it("is not proven any more of what the host's policy holds by now", () => {
    const during = [answer(2, 8)];
    const byPolicy = { "held-by-policy": 1 };
    expect(said(single, { during }, { byPolicy })).toMatchObject({
      ...{ state: "held", sure: "inferred", held: byPolicy },
    });
    const inPart = said(decision, { during }, { byPolicy });
    expect(inPart).toMatchObject({ state: "held-in-part", sure: "inferred" });
    // Of the same range, the receipt named the rule of before.
    const held = [{ range: RANGE, rule: "allowed-by-policy" }];
    const before = { during: [answer(2, 8, { held, heldTotal: 1 })] };
    expect(said(decision, before, { byPolicy })).toMatchObject({
      ...{ state: "held-in-part", held: byPolicy },
    });
    expect(said(single, {}, { byPolicy }).state).toBe("waiting");
    const lift = { ...single, action: "lift" } as const;
    expect(said(lift, { during }, { byPolicy }).state).toBe("in-force");
  });

  it("follows from the policy once that holds no more what a receipt named", () => {
    const rule = "held-by-policy";
    const other = "203.0.113.8";
    const heldAt = (...ranges: readonly string[]) => {
      const held = ranges.map((range) => ({ range, rule }));
      return { during: [answer(2, 8, { held, heldTotal: held.length })] };
    };
    const one = heldAt(RANGE);
    const told = (byPolicy: Around["byPolicy"]) =>
      said(single, one, { byPolicy });
    expect(told({ [rule]: 1 })).toMatchObject({
      state: "held",
      sure: "proven",
    });
    expect(told({})).toMatchObject({
      ...{ state: "in-force", sure: "inferred", held: {}, enforcedMs: null },
    });
    const allowed = { "allowed-by-policy": 1 };
    expect(told(allowed)).toMatchObject({
      ...{ state: "held", sure: "inferred", held: allowed },
    });
    const both = { ...decision, targets: [RANGE, other] };
    const inPart = { byPolicy: { [rule]: 1 } };
    expect(said(both, heldAt(RANGE, other), inPart)).toMatchObject({
      ...{ state: "held-in-part", sure: "inferred", held: { [rule]: 1 } },
    });
    // What no decision names, a policy may hold without naming the decision.
    expect(said(decision, heldAt(RANGE, other)).state).toBe("held");
  });

  it("is no more than said of a refusal, and nothing of silence", () => {
    const refusal = { code: "not-recorded", detail: "full" };
    expect(said(single, { refusal })).toMatchObject({
      ...{ state: "refused", sure: "said" },
    });
    expect(said(single)).toMatchObject({ state: "waiting", sure: null });
  });

  it("follows from the time once a ring has had its turn", () => {
    const held = [{ range: RANGE, rule: "ring" }];
    const during = [answer(2, 8, { heldTotal: 1, held })];
    expect(said(single, { during }, { ringAt: LATER })).toMatchObject({
      ...{ state: "ring", sure: "proven" },
      detail: "until 2026-01-01T00:01:00.000Z",
    });
    expect(said(single, { during }, { ringAt: NOW })).toMatchObject({
      ...{ state: "in-force", sure: "inferred" },
    });
  });
});

/** What is said of a decision by a host that enforces and stated nothing. */
const said = (
  of: DecisionEntry,
  heard: Partial<Heard> = {},
  around: Partial<Around> = {},
) =>
  outcomeOf(
    of,
    { during: [], isBeyond: false, refusal: undefined, ...heard },
    {
      ...{ takenBack: [], trialEnds: [], stated: [], ringAt: null, now: NOW },
      ...{ newest: { seq: 1, mode: "enforce" }, notEnforcing: undefined },
      byPolicy: {},
      ...around,
    },
  );

function stated(fact: object, nth: number) {
  const statement = { mode: "enforce", time: NOW, agent: "agt-1", ...fact };
  return { seq: 10 + nth, statement: statement as unknown as Statement };
}

function answer(offset: number, revision: number, more: Partial<Receipt> = {}) {
  const receipt = {
    ...{ mode: "enforce", enforcedMs: 1, held: [], heldTotal: 0, revision },
    position: { feed: "urgent", epoch: "e", offset, hash: "" },
    receivedAt: NOW,
    ...more,
  } as unknown as Receipt;
  return { seq: 1, at: NOW, receipt };
}
