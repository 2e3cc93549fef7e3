import { describe, expect, it } from "@jest/globals";
import type { Receipt } from "../../../agent/protocol/documents.js";
import type { DecisionEntry } from "../../../cloud/decide/decision-log.js";
import { outcomeOf } from "../../../cloud/receipts/outcome.js";
import type { TrialEnd } from "../../../cloud/telemetry/statements.js";

const NOW = Date.UTC(2026, 0, 1);

describe("a decision of which two changes are on trial", () => {
  it("is on trial until each of them has ended, however often one says so", () => {
    expect(stateAfter([7])).toBe("on-trial");
    expect(stateAfter([7, 7])).toBe("on-trial");
    expect(stateAfter([7, 8])).toBe("in-force");
  });
});

/** As it is once trials of these revisions were stated to have passed. */
function stateAfter(revisions: readonly number[]) {
  const decision = {
    ...{ feed: "urgent", action: "ban", last: 2, ranges: 2, targets: [] },
    observed: false,
  } as unknown as DecisionEntry;
  const trialEnds = revisions.map((revision): TrialEnd => ({
    ...{ agent: "agt-1", time: NOW, text: "", feed: "urgent" },
    ...{ revision, passed: true },
  }));
  const heard = {
    during: [receipt(1, 7), receipt(2, 8)],
    later: undefined,
    refusal: undefined,
  };
  const around = { takenBack: [], trialEnds, now: NOW };
  return outcomeOf(decision, heard, around).state;
}

const receipt = (offset: number, revision: number): Receipt =>
  ({
    ...{ mode: "enforce", enforcedMs: 1, held: [], heldTotal: 0, revision },
    position: { feed: "urgent", epoch: "e", offset, hash: "" },
    receivedAt: NOW,
    trial: { until: NOW + 60_000, bans: 1 },
  }) as unknown as Receipt;
