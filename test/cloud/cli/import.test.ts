import { describe, expect, it } from "@jest/globals";
import { startTestCloud } from "../../support/cloud/cloud.js";
import { listOf, operatorOf } from "./operator.js";

describe("an order to import", () => {
  it("counts what it changes, and keeps what is more", async () => {
    await using cloud = await startTestCloud();
    const run = operatorOf(cloud);
    const into = ["--feed", "reputation"];
    await run("ban", "198.18.0.1", ...into, "--for", "30d");
    await run("ban", "198.18.0.2", ...into, "--for", "1d");
    await run("ban", "198.18.0.3", ...into, "--observe");
    using list = listOf("198.18.0.1", "198.18.0.2", "198.18.0.3", "198.18.0.4");
    const dry = await run("import", list.path, "--dry-run");
    expect(dry.out).toContain("would ban 3 of 4 ranges in reputation");
    const first = await run("import", list.path);
    expect(first.out).toMatch(
      /^banned 3 of 4 ranges \(dec-\w+, reputation is at 7\)/,
    );
    for (const count of [
      ...["1 new", "1 extended", "1 enforced that were only observed"],
      "1 kept: they last longer",
    ]) {
      expect(first.out).toContain(count);
    }
    expect(first.code).toBe(0);

    const again = await run("import", list.path);
    expect(again.out).toContain("3 unchanged");
    expect(again.err).toContain("nothing changed");
    expect(again.code).toBe(1);
    const watched = await run("import", list.path, "--observe", "--for", "60d");
    expect(watched.out).toContain("4 kept: they are enforced");
    expect(watched.code).toBe(1);
    const json = await run("import", list.path, "--json");
    expect(JSON.parse(json.out)).toMatchObject({
      decision: null,
      counts: { unchanged: 3, "would-shorten": 1 },
    });
  });

  it("says what default hosts will hold, also by a list's own terms", async () => {
    await using cloud = await startTestCloud();
    const run = operatorOf(cloud);
    using list = listOf(
      "add s 198.18.0.2 timeout 0",
      "add s 192.168.0.0/16 timeout 60",
      "add s 198.18.0.3 timeout 60",
    );
    const { code, err } = await run("import", list.path);
    expect(err).toMatch(/198\.18\.0\.2: .*lives-too-long/);
    expect(err).toMatch(/192\.168\.0\.0\/16: .*private-range/);
    expect(code).toBe(3);
  });
});
