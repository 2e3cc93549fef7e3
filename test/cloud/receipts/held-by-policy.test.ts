import BetterSqlite3 from "better-sqlite3";
import { describe, expect, it } from "@jest/globals";
import type { DecisionEntry } from "../../../cloud/decide/decision-log.js";
import type { RecordedDecision } from "../../../cloud/journal/decision-events.js";
import type { OrgPolicy } from "../../../cloud/journal/policy-events.js";
import { policyVersionTables } from "../../../cloud/policies/policy-versions.projection.js";
import { HeldByPolicy } from "../../../cloud/receipts/held-by-policy.js";
import { watched } from "../../support/cloud/asked.js";

const NOW = Date.UTC(2026, 0, 1);
const LATER = NOW + 60_000;
const RANGE = "203.0.113.7";

const decision = {
  ...{ decision: "dec-1", feed: "urgent", ranges: 1, targets: [RANGE] },
} as unknown as DecisionEntry;

const hold = {
  ...({ decision: "dec-1", feed: "urgent", until: LATER } as const),
  ...{ why: "2 hosts were hurt by dec-1", ranges: [RANGE] },
};

const allowing = (...ranges: readonly string[]) => ({
  allow: [{ ranges, until: LATER, why: "office" }],
});

const NOTHING: OrgPolicy = { allow: [], groups: [] };
const HOLDING: OrgPolicy = { ...NOTHING, holds: [hold] };

describe("what a host holds by its org's policy", () => {
  it("is what the version holds that it said it goes by, and no other", () => {
    using site = new Site();
    site.publish(NOTHING, HOLDING, HOLDING, NOTHING);
    const told = [null, 1, 2, 3, 4, 5].map((version) => site.held(version));
    const held = { "held-by-policy": 1 };
    expect(told).toEqual([{}, {}, held, held, {}, {}]);
  });

  it("is of exactly these ranges of that feed, whoever ordered the ban, until the hold ends", () => {
    using site = new Site();
    site.publish(HOLDING);
    const other = { ...decision, decision: "dec-2" };
    expect(site.held(1, other)).toEqual({ "held-by-policy": 1 });
    const many = { ...decision, ranges: 5_000, targets: [] };
    expect(site.held(1, many)).toEqual({ "held-by-policy": 1 });
    for (const more of [
      { feed: "reputation" },
      { targets: ["203.0.113.0/24"] },
      { decision: "dec-2", ranges: 5_000, targets: [] },
    ]) {
      expect(site.held(1, { ...decision, ...more } as DecisionEntry)).toEqual(
        {},
      );
    }
    site.now = LATER;
    expect(site.held(1)).toEqual({});
  });

  it("is what it allows, in groups as the host's tags are, until the policy ends; holds go on", () => {
    using site = new Site();
    const group = { name: "web", tags: ["web"], hostnames: [] };
    const grouped = { ...group, ...allowing("203.0.113.0/24") };
    site.publish({ ...HOLDING, groups: [grouped] });
    expect(site.held(1, decision, [])).toEqual({ "held-by-policy": 1 });
    expect(site.held(1, decision, ["web"])).toEqual({ "allowed-by-policy": 1 });
    site.publish({ ...NOTHING, ...allowing("203.0.0.0/16") });
    expect(site.held(2)).toEqual({}); // no critical keys allow what is so wide
    site.now = NOW + 30_001;
    expect(site.held(1, decision, ["web"])).toEqual({ "held-by-policy": 1 });
  });

  it("is looked up once a host, and judged once for all that go by the same", () => {
    using site = new Site();
    site.publish(HOLDING);
    const look = site.look(1);
    const hosts = Array.from({ length: 100 }, (_, i) => host(`agt-${i}`));
    for (let n = 0; n < 3; n++) {
      const order = { ...decision, decision: `dec-${n}` };
      for (const each of hosts) look.of(each, order);
    }
    expect(site.asked).toBe(1);
  });

  it("is kept of an org's newest versions, and goes on from the next where one is not", () => {
    using site = new Site();
    site.publish(...Array.from({ length: 40 }, () => HOLDING));
    expect(site.kept()).toBe(16);
    expect(site.held(1)).toEqual({ "held-by-policy": 1 });
  });
});

class Site implements Disposable {
  readonly #database = new BetterSqlite3(":memory:");
  readonly #fold: (recorded: RecordedDecision) => void;
  #version = 0;
  now = NOW;
  asked = 0;

  constructor() {
    this.#database.exec(policyVersionTables.tables);
    this.#fold = policyVersionTables.fold(this.#database);
  }

  publish(...policies: readonly OrgPolicy[]): void {
    for (const policy of policies) {
      this.#fold({
        ...{ seq: ++this.#version, at: NOW },
        event: {
          ...{ kind: "policy-published", org: "acme", file: "", policy },
          ...{ version: this.#version, expiresAt: NOW + 30_000 },
          ...{ operator: "rule:harm", by: "rule:harm" },
        },
      });
    }
  }

  look(version: number | null): HeldByPolicy {
    const database = watched(this.#database, () => this.asked++);
    const clock = { now: () => this.now };
    return new HeldByPolicy(database, { policyOf: () => version, clock });
  }

  held(version: number | null, of = decision, tags: readonly string[] = []) {
    return this.look(version).of(host("agt-1", tags), of);
  }

  kept(): unknown {
    const count = "SELECT count(*) FROM policy_versions";
    return this.#database.prepare(count).pluck().get();
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}

const host = (id: string, tags: readonly string[] = []) => ({
  ...{ id, org: "acme", hostname: "web1", tags },
});
