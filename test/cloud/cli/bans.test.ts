import { describe, expect, it } from "@jest/globals";
import { startTestCloud, type TestCloud } from "../../support/cloud/cloud.js";
import { listOf, operatorOf } from "./operator.js";

describe("the list of bans", () => {
  it("answers what bans a range, by whom, until when", async () => {
    await using cloud = await startTestCloud();
    const run = operatorOf(cloud);
    using list = listOf("198.18.9.0/24", "198.18.9.1", "198.18.10.1");
    await run("import", list.path, "--reason", "a list");
    await run("ban", "198.18.9.1", "--reason", "seen by hand");
    const { out, code } = await run("bans", "198.18.9.1");
    expect(code).toBe(0);
    expect(out).toMatch(/198\.18\.9\.0\/24 +reputation .* a list/);
    expect(out).toMatch(/198\.18\.9\.1 +reputation .* a list/);
    expect(out).toMatch(/198\.18\.9\.1 +urgent .* seen by hand/);
    expect(out).not.toContain("198.18.10.1");
    const one = await run("bans", "198.18.9.0/24", "--feed", "urgent");
    expect(one.out).not.toContain("reputation");

    const json = await run("bans", "198.18.9.1", "--json", "--feed", "urgent");
    const { decision } = JSON.parse(json.out) as { decision: string };
    const told = await run("decision", decision);
    expect(told.out).toContain(`${decision}: ban 198.18.9.1 in urgent`);
    expect(told.out).toContain("reason: seen by hand");
  });

  it("says that it was cut off, and goes page by page to the end", async () => {
    await using cloud = await startTestCloud();
    const run = operatorOf(cloud);
    const ranges = Array.from({ length: 120 }, (_, i) => `198.18.1.${i}`);
    await run("ban", ...ranges, "2001:db8::/48");
    const first = await run("bans");
    expect(first.out).toContain("50 of 121; --limit shows more");
    const all = await run("bans", "--limit", "500");
    expect(all.out).not.toContain(" of 121");
    expect(all.out).toContain("2001:db8::/48");
    const lines = (await run("bans", "--json")).out.split("\n");
    expect(lines).toHaveLength(121);

    const seen = new Set<string>();
    let cursor: string | null = "";
    while (cursor !== null) {
      const from = cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`;
      const page = await pageOf(cloud, `limit=7&range=198.18.0.0/16${from}`);
      for (const { range } of page.items) seen.add(range);
      expect(page.total).toBe(120);
      cursor = page.next;
    }
    expect(seen.size).toBe(120);
  });

  it("is a table for spreadsheets, where that is asked", async () => {
    await using cloud = await startTestCloud();
    const run = operatorOf(cloud);
    await run("ban", "198.18.1.1", "2001:db8::/48", "--reason", "=1+1");
    const { code, out } = await run("bans", "range:198.18.0.0/16", "--csv");
    const [head, row, ...more] = out.split("\n");
    expect([code, head]).toEqual([
      ...[0, "range,feed,until,observed,allRings,reason,decision,since"],
    ]);
    expect(row).toMatch(/^198\.18\.1\.1,urgent,2.*,false,,'=1\+1,dec-.*Z$/);
    expect(more).toEqual([]);
  });

  it("tells decisions that were cut off, too", async () => {
    await using cloud = await startTestCloud();
    const run = operatorOf(cloud);
    for (let i = 0; i < 4; i++) await run("ban", `198.18.1.${i}`);
    const { out } = await run("decisions", "--limit", "3");
    expect(out).toContain("3 of 4; --limit shows more");
  });
});

interface Page {
  readonly items: readonly { readonly range: string }[];
  readonly total: number;
  readonly next: string | null;
}

const pageOf = async (cloud: TestCloud, query: string): Promise<Page> =>
  (await cloud.request<Page>("GET", `/api/v1/bans?${query}`)).body;
