import { describe, expect, it } from "@jest/globals";
import { startTestCloud } from "../../support/cloud/cloud.js";

describe("operators' requests", () => {
  it("need an operator's token", async () => {
    await using cloud = await startTestCloud();
    const response = await fetch(`${cloud.url}/api/v1/bans`, {
      method: "POST",
      headers: { authorization: `Bearer ${"A".repeat(43)}` },
      body: "{}",
    });
    expect(response.status).toBe(401);
  });

  it("answer a decision with its place", async () => {
    await using cloud = await startTestCloud();
    const { status, body } = await cloud.request("POST", "/api/v1/bans", {
      ranges: ["203.0.113.7", "198.51.100.0/24"],
    });
    expect(status).toBe(201);
    expect(body).toEqual({
      decision: expect.stringMatching(/^dec-[0-9a-f]{16}$/),
      feed: "urgent",
      epoch: expect.any(String),
      offset: 2,
      decidedAt: expect.stringMatching(/^\d{4}-.*Z$/),
      unapproved: 0,
      ...{ dangers: [], flows: null, glass: null },
      dryRun: false,
      rings: null,
      effects: [
        expect.objectContaining({ range: "203.0.113.7", effect: "new" }),
        expect.objectContaining({ range: "198.51.100.0/24", effect: "new" }),
      ],
    });
  });

  it("name every field that is wrong, and its value", async () => {
    await using cloud = await startTestCloud();
    const { status, body } = await cloud.request("POST", "/api/v1/bans", {
      ranges: ["203.0.113.7", "10.0.0.1/8", "0.0.0.0/0"],
      for: "soon",
      feed: "local",
      reason: "x".repeat(257),
    });
    expect(status).toBe(400);
    expect(body).toMatchObject({ code: "invalid" });
    const { errors } = body as { errors: { field: string }[] };
    expect(errors.map(({ field }) => field)).toEqual([
      "ranges.1",
      "ranges.2",
      "feed",
      "for",
      "reason",
    ]);
    expect(errors[1]).toMatchObject({
      value: "0.0.0.0/0",
      message: 'ranges.2: "0.0.0.0/0" would ban every address there is',
    });
  });

  it.each([
    ["no range", ["/api/v1/bans", {}], [400, "invalid"]],
    ["no JSON", ["/api/v1/bans", "{"], [400, "invalid"]],
    [
      "no such feed",
      ["/api/v1/bans", { range: "203.0.113.7", feed: "org/nobody" }],
      [404, "unknown"],
    ],
    ["an empty list", ["/api/v1/imports", "# nothing\n"], [400, "invalid"]],
    ["a list for nobody", ["/api/v1/imports?feed=x", "::1"], [400, "invalid"]],
  ] as const)("say so when there is %s", async (_, [path, order], expected) => {
    await using cloud = await startTestCloud();
    const { status, body } = await cloud.request("POST", path, order);
    expect([status, body]).toMatchObject([expected[0], { code: expected[1] }]);
  });

  it("import a list and say what it came to", async () => {
    await using cloud = await startTestCloud();
    const list =
      "# a list\r\n10.0.0.1\r\n10.0.0.1 # again\r\n10.0.0.9/24\r\n0.0.0.0/0\r\nx\r\n";
    const { body } = await cloud.request("POST", "/api/v1/imports", list);
    expect(body).toMatchObject({
      ...{ feed: "reputation", offset: 2, format: "plain", entries: 2 },
      ...{ masked: 1, duplicates: 1, rejected: 2 },
      rejections: [
        { line: 5, text: "0.0.0.0/0" },
        { line: 6, text: "x", problem: "is not an IP address or range" },
      ],
    });
  });

  it("count bans that replace others once", async () => {
    await using cloud = await startTestCloud();
    await cloud.ban("203.0.113.7", { for: "1h" });
    await cloud.ban("203.0.113.7", { for: "permanent" });
    const { body } = await cloud.request("GET", "/api/v1/feeds");
    expect(body).toMatchObject({
      items: [
        { feed: "reputation", offset: 0, bans: 0 },
        { feed: "urgent", offset: 2, bans: 1 },
      ],
    });
  });
});
