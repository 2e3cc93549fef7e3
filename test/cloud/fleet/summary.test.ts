import { expect, it } from "@jest/globals";
import fc from "fast-check";
import { OrgCounts } from "../../../cloud/fleet/org-counts.js";
import { Summaries } from "../../../cloud/fleet/summary.js";

const host = fc.record({
  org: fc.constantFrom("acme", "globex"),
  state: fc.constantFrom("online" as const, "revoked" as const),
  mode: fc.constantFrom("observe" as const, "unknown" as const),
  version: fc.constantFrom("0.9.0", "0.9.0 of ours", ""),
});

/** Counts of hosts, as often as they are counted anew. */
function countsOf(hosts: readonly { org: string }[], at: number) {
  const names = new Set(hosts.map(({ org }) => org));
  const orgs = new Map([...names].map((org) => [org, new OrgCounts(org)]));
  return { at, orgs };
}

it("the sums of all orgs are those of each, and follow what is counted anew", () => {
  const summaries = new Summaries();
  fc.assert(
    fc.property(fc.array(host), (hosts) => {
      const counts = countsOf(hosts, 1);
      const more = { behind: 0, troubles: [], tags: [], groups: [] };
      for (const { org, ...each } of hosts) {
        counts.orgs.get(org)?.add({ ...each, ...more });
      }
      const all = summaries.of(counts, null);
      expect(summaries.of(counts, null)).toEqual(all);
      const each = ["acme", "globex"].map((org) => summaries.of(counts, org));
      const sum = each.reduce((n, own) => n + own.hosts, 0);
      expect(all.hosts).toBe(sum);
      const cells = each.flatMap((own) => own.cells);
      expect(all.cells).toHaveLength(cells.length);
      expect(all.cells).toEqual(expect.arrayContaining(cells));
      for (const { hosts: found, ...kind } of all.cells) {
        const same = hosts.filter(
          ({ org, state, mode, version }) =>
            org === kind.org &&
            state === kind.state &&
            mode === kind.mode &&
            version === kind.version,
        );
        expect(found).toBe(same.length);
      }
      expect(summaries.of(countsOf([], 2), null)).toMatchObject({
        at: 2,
        hosts: 0,
      });
    }),
  );
});
