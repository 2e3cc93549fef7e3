import { describe, expect, it } from "@jest/globals";
import { startTestCloud } from "../../support/cloud/cloud.js";
import { operatorOf, offsetOf } from "./operator.js";

describe("an order to ban", () => {
  it("neither shortens nor weakens a ban unless it is asked to", async () => {
    await using cloud = await startTestCloud();
    const run = operatorOf(cloud);
    await run("ban", "203.0.113.7", "--for", "7d");
    const shorter = await run("ban", "203.0.113.7");
    expect(shorter.out).toMatch(
      /^203\.0\.113\.7: not changed; it is banned until \S+ \(dec-\w+\), and would end sooner/,
    );
    expect(shorter.code).toBe(1);
    const weaker = await run("ban", "203.0.113.7", "--observe", "--for", "9d");
    expect(weaker.out).toContain("it is banned until");
    expect(weaker.out).toContain("would only be observed");
    expect(weaker.code).toBe(1);
    expect(await offsetOf(cloud)).toBe(1);

    const some = await run("ban", "203.0.113.7", "203.0.113.8");
    expect(some.out).toMatch(
      /^banned 1 of 2 ranges \(dec-\w+, urgent is at 2\)/,
    );
    expect(some.err).toContain("done in part: 1 range not changed");
    expect(some.code).toBe(3);

    const meant = await run("ban", "203.0.113.7", "--replace");
    expect(meant.out).toContain("203.0.113.7: shortened; it was banned until");
    expect(meant.code).toBe(0);
    const watched = await run("ban", "203.0.113.7", "--observe", "--replace");
    expect(watched.out).toContain("only observed from now on; it was enforced");
    expect((await run("bans", "203.0.113.7")).out).toMatch(/ observe /);
  });

  it("publishes nothing where nothing would change", async () => {
    await using cloud = await startTestCloud();
    const run = operatorOf(cloud);
    await run("ban", "203.0.113.7", "--for", "permanent");
    await run("ban", "203.0.113.8");
    const again = await run("ban", "203.0.113.8");
    expect(again.out).toMatch(
      /^203\.0\.113\.8: unchanged; banned until \S+ \(dec-\w+\) already$/,
    );
    expect(again.err).toBe("tourniquet-cloud: nothing changed");
    expect(again.code).toBe(1);
    const ever = await run("ban", "203.0.113.7", "--for", "permanent");
    expect(ever.out).toContain("unchanged; banned without end");
    expect(await offsetOf(cloud)).toBe(2);
  });

  it("extends, and enforces what was only observed", async () => {
    await using cloud = await startTestCloud();
    const run = operatorOf(cloud);
    await run("ban", "203.0.113.7", "--observe", "--for", "7d");
    const enforced = await run("ban", "203.0.113.7");
    expect(enforced.out).toContain(
      "enforced from now on; it was only observed",
    );
    expect(enforced.code).toBe(0);
    const longer = await run("ban", "203.0.113.7", "--for", "1d");
    expect(longer.out).toContain("203.0.113.7: extended; it was banned until");
    expect(longer.code).toBe(0);
  });

  it("does nothing on a dry run, and says what it would do", async () => {
    await using cloud = await startTestCloud();
    const run = operatorOf(cloud);
    const dry = await run("ban", "203.0.113.7", "--dry-run");
    expect(dry.out).toMatch(
      /^would ban 1 range in urgent until \S+; nothing was done$/,
    );
    expect(dry.code).toBe(0);
    expect((await run("bans")).out).toBe("nothing is banned in any feed");
    expect((await run("decisions")).out).not.toContain("dec-");
  });

  it.each([
    ["8.8.8.8", [], "public-resolver"],
    ["127.0.0.1", [], "loopback"],
    ["::1", [], "loopback"],
    ["169.254.1.1", [], "link-local"],
    ["224.0.0.251", [], "multicast"],
    ["10.0.0.0/8", [], "private-range"],
    ["fd00::/16", [], "private-range"],
    ["104.16.1.1", [], "cdn-edge"],
    ["198.41.0.4", [], "sentinel"],
    ["64:ff9b::a01:203", [], "private-range"],
    ["20.0.0.0/8", [], "too-wide"],
    ["20.0.0.0/12", [], "needs-approval"],
    ["203.0.113.7", ["--for", "permanent"], "lives-too-long"],
    ["203.0.113.7", ["--for", "366d"], "lives-too-long"],
  ])(
    "says beforehand that default hosts hold %s %s",
    async (range, more, rule) => {
      await using cloud = await startTestCloud();
      const run = operatorOf(cloud);
      const { code, out, err } = await run(
        "ban",
        range,
        "203.0.113.9",
        ...more,
      );
      expect(out).toMatch(/^banned 2 ranges /);
      expect(err).toContain(range);
      expect(err).toContain("hosts with default settings hold");
      expect(err).toContain(rule);
      expect(code).toBe(3);
    },
  );

  it("advises an approval only where one helps", async () => {
    await using cloud = await startTestCloud();
    const run = operatorOf(cloud);
    const wide = await run("ban", "20.0.0.0/12");
    expect(wide.err).toContain("approval draft --feed urgent --add RANGE");
    const wider = await run("ban", "20.0.0.0/8");
    expect(wider.err).not.toContain("approval draft");
    const own = await run("ban", "10.0.0.0/8");
    expect(own.err).not.toContain("approval draft");
  });

  it("answers machines with one document", async () => {
    await using cloud = await startTestCloud();
    const run = operatorOf(cloud);
    const banned = await run("ban", "203.0.113.7", "203.0.113.7", "--json");
    expect(JSON.parse(banned.out)).toMatchObject({
      decision: expect.stringMatching(/^dec-/),
      effects: [{ range: "203.0.113.7", effect: "new", held: null }],
    });
    const nothing = await run("ban", "203.0.113.7", "--json");
    expect(JSON.parse(nothing.out)).toMatchObject({
      decision: null,
      effects: [{ effect: "unchanged", before: { observed: false } }],
    });
    const lifted = await run("lift", "203.0.113.7", "--json");
    expect(JSON.parse(lifted.out)).toMatchObject({
      effects: [{ range: "203.0.113.7", lifted: { urgent: 1 }, stillBy: [] }],
    });
  });

  it("names the range that is wrong, and no field of a document", async () => {
    await using cloud = await startTestCloud();
    const run = operatorOf(cloud);
    expect(await run("ban", "203.0.113.7", "10.0.0.1/8")).toEqual({
      ...{ code: 2, out: "" },
      err: 'tourniquet-cloud: "10.0.0.1/8" has host bits set; did you mean 10.0.0.0/8?',
    });
    const term = await run("ban", "203.0.113.7", "--for", "soon");
    expect(term.err).toBe(
      'tourniquet-cloud: --for "soon" is not a duration; write 30s, 15m, 4h, 7d or permanent',
    );
    const feed = await run("lift", "203.0.113.7", "--feed", "nope");
    expect(feed.err).toBe(
      'tourniquet-cloud: --feed "nope": "urgent", "reputation" or "org/<id>" is expected',
    );
  });
});
