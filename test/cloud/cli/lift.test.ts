import { describe, expect, it } from "@jest/globals";
import { startTestCloud } from "../../support/cloud/cloud.js";
import { operatorOf, offsetOf } from "./operator.js";

describe("an order to lift", () => {
  it("says what it lifted", async () => {
    await using cloud = await startTestCloud();
    const run = operatorOf(cloud);
    await run("ban", "203.0.113.7", "2001:db8::/48");
    const { code, out } = await run("lift", "203.0.113.7", "2001:db8::/48");
    expect(out).toMatch(/^lifted 2 ranges \(dec-\w+, urgent is at 4\)$/);
    expect(code).toBe(0);
  });

  it("names the wider ban that holds the address all the same", async () => {
    await using cloud = await startTestCloud();
    const run = operatorOf(cloud);
    await run("ban", "198.18.5.0/24");
    const { code, out, err } = await run("lift", "198.18.5.9");
    expect(out).toMatch(
      /^198\.18\.5\.9: not banned in urgent; still banned by 198\.18\.5\.0\/24 of urgent until \S+ \(dec-\w+\)$/,
    );
    expect(err).toContain("nothing was lifted");
    expect(code).toBe(1);
    expect(await offsetOf(cloud)).toBe(1);
  });

  it("counts the bans within, and lifts them when asked to", async () => {
    await using cloud = await startTestCloud();
    const run = operatorOf(cloud);
    await run("ban", "198.18.30.1", "198.18.30.2", "198.18.31.1");
    const shy = await run("lift", "198.18.30.0/24");
    expect(shy.out).toContain("2 bans lie within it, and stay; --within lifts");
    expect(shy.code).toBe(1);
    const lone = await run("lift", "198.18.31.0/24");
    expect(lone.out).toContain("1 ban lies within it, and stays");

    const dry = await run("lift", "198.18.30.0/24", "--within", "--dry-run");
    expect(dry).toMatchObject({ code: 0, err: "" });
    expect(dry.out).toContain("would lift 1 range; nothing was done");
    expect(await offsetOf(cloud)).toBe(3);
    const bold = await run("lift", "198.18.30.0/24", "--within");
    expect(bold.out).toMatch(/^lifted 2 ranges \(dec-/);
    expect(bold.code).toBe(0);
    expect((await run("bans")).out).toContain("198.18.31.1");
    expect((await run("bans", "198.18.30.0/24")).out).toBe(
      "198.18.30.0/24 is not banned in any feed, nor is anything in it",
    );
  });

  it("names the other feeds that ban the range, and lifts in all", async () => {
    await using cloud = await startTestCloud();
    const run = operatorOf(cloud);
    await run("org", "add", "acme");
    await run("ban", "198.18.9.1", "--feed", "reputation");
    await run("ban", "198.18.9.1", "--feed", "org/acme");
    const shy = await run("lift", "198.18.9.1");
    expect(shy.out).toMatch(
      /still banned of reputation .*--feed reputation or --all-feeds/,
    );
    expect(shy.out).toContain("still banned of org/acme");
    expect(shy.code).toBe(1);

    await run("ban", "198.18.9.1");
    const part = await run("lift", "198.18.9.1");
    expect(part.out).toMatch(/^lifted 1 range .*still banned of reputation/s);
    expect(part.code).toBe(3);

    const all = await run("lift", "198.18.9.1", "--all-feeds");
    expect(all.out).toMatch(/lifted 1 range \(dec-\w+, org\/acme is at 2\)/);
    expect(all.out).toMatch(/lifted 1 range \(dec-\w+, reputation is at 2\)/);
    expect(all.code).toBe(0);
    expect((await run("bans")).out).toBe("nothing is banned in any feed");
  });

  it("is done in part where only some ranges were banned", async () => {
    await using cloud = await startTestCloud();
    const run = operatorOf(cloud);
    await run("ban", "203.0.113.7");
    const { code, out, err } = await run("lift", "203.0.113.7", "203.0.113.8");
    expect(out).toMatch(
      /^lifted 1 range .*\n203\.0\.113\.8: not banned in urgent$/,
    );
    expect(err).toContain("done in part: 1 range not lifted");
    expect(code).toBe(3);
    const nothing = await run("lift", "203.0.113.77", "--all-feeds");
    expect(nothing.out).toBe("203.0.113.77: not banned in any feed");
    expect(nothing.code).toBe(1);
  });

  it("keeps its reason", async () => {
    await using cloud = await startTestCloud();
    const run = operatorOf(cloud);
    await run("ban", "203.0.113.7");
    await run("lift", "203.0.113.7", "--reason", "a customer's proxy");
    expect((await run("decisions")).out).toContain("a customer's proxy");
  });

  it("lifts what has expired for nobody", async () => {
    await using cloud = await startTestCloud();
    const run = operatorOf(cloud);
    await run("ban", "203.0.113.7", "--for", "1s");
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    expect(await run("lift", "203.0.113.7")).toMatchObject({ code: 1 });
  });
});
