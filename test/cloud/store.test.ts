import { describe, expect, it } from "@jest/globals";
import { silentLogger } from "../../agent/log/logger.js";
import { systemClock } from "../../agent/runtime/clock.js";
import { Lifetime } from "../../agent/runtime/lifetime.js";
import { filesOf } from "../../cloud/folder.js";
import type { DecisionEvent } from "../../cloud/journal/decision-events.js";
import { observed } from "../../cloud/journal/observed.js";
import { openLogs } from "../../cloud/store.js";
import { temporaryFolder } from "../support/cloud/cloud.js";
import { detection } from "./telemetry/items.js";

describe("observations that lost their end", () => {
  it("give away no number again that a proposal has as its evidence", async () => {
    using folder = temporaryFolder();
    {
      await using opened = new Lifetime();
      const { decisions } = await open(folder.path, opened);
      await decisions.append([proposed([3, 7]), proposed([5])]);
    }
    await using opened = new Lifetime();
    const { observations } = await open(folder.path, opened);
    const items = [detection("203.0.113.7")];
    const from = { agent: "agt-1", org: "acme", spool: "s", first: 1 };
    await observations.put([observed({ kind: "telemetry", ...from, items })]);
    expect(observations.level).toBe(8);
  });
});

const open = (dir: string, opened: Lifetime) =>
  openLogs(filesOf(dir), { clock: systemClock, log: silentLogger }, opened);

const proposed = (evidence: readonly number[]): DecisionEvent => ({
  ...({ kind: "proposed", attacker: "203.0.113.7", expiresAt: 0 } as const),
  ...{ proposal: `prp-${evidence.join("-")}`, rule: "rule:several-orgs" },
  ...{ reason: "", orgs: [], evidence, veto: { why: "never-list" } },
});
