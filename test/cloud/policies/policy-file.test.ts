import { describe, expect, it } from "@jest/globals";
import { readPolicyFile } from "../../../cloud/policies/policy-file.js";
import { isLike } from "../../../cloud/policies/selection.js";

const file = (more: string) => `version: 1\norg: acme\n${more}`;
const allowing = (ranges: string, more = "") =>
  file(
    `allow:\n  - { ranges: [${ranges}], until: 2030-01-31, why: office }\n${more}`,
  );
const many = (count: number) =>
  Array.from({ length: count }, (_, n) => `10.${n >> 8}.${n & 255}.0/24`);

describe("the file of a policy", () => {
  it("says who is allowed, until when, and in which groups", () => {
    const { org, goodForMs, policy } = readPolicyFile(
      allowing(
        "203.0.113.0/24, 2001:db8::/48",
        `goodFor: 30d
groups:
  - name: web
    tags: [web]
    hostnames: ["web-*"]
    sensors: { sshd: { maxretry: 8 } }
`,
      ),
    );
    expect([org, goodForMs]).toEqual(["acme", 30 * 86_400_000]);
    expect(policy).toEqual({
      allow: [
        {
          ranges: ["203.0.113.0/24", "2001:db8::/48"],
          until: Date.UTC(2030, 1, 1),
          why: "office",
        },
      ],
      groups: [
        {
          ...{ name: "web", tags: ["web"], hostnames: ["web-*"], allow: [] },
          sensors: { sshd: { maxretry: 8 } },
        },
      ],
    });
  });

  it.each([
    ["no org", "version: 1", "org"],
    ["another version", "version: 2\norg: acme", "version: must be 1"],
    ["a mode", file("mode: observe"), "mode"],
    ["a pause", file("pause: 1h"), "pause"],
    ["no end", file("allow: [{ ranges: [10.0.0.0/24], why: x }]"), "until"],
    [
      "a day that there is not",
      allowing("10.0.0.0/24").replace("2030-01-31", "2030-13-01"),
      "is no date",
    ],
    ["no range", allowing("office"), "ranges"],
    [
      "a feed that cannot be called so",
      file("groups: [{ name: web, feed: Web/1 }]"),
      "is no name of a feed",
    ],
    [
      "a feed of two groups",
      file("groups: [{ name: a, feed: web }, { name: b, feed: web }]"),
      'two of the feed "web"',
    ],
    [
      "five feeds",
      file(
        `groups: [${["a", "b", "c", "d", "e"].map((at) => `{ name: ${at}, feed: ${at} }`).join(", ")}]`,
      ),
      "at most 4 may have a feed",
    ],
    ["1,025 ranges", allowing(many(1_025).join(", ")), "ranges"],
    ["brackets without end", "[".repeat(60_000), "deeper than 16"],
    ["dashes without end", "- ".repeat(30_000), "deeper than 16"],
    ["more than 64 KiB", " ".repeat(65_537), "more than 65536"],
    ["a key twice", file("org: globex"), "twice"],
    ["two documents", `${file("")}---\n${file("")}`, "multiple documents"],
    [
      "an anchor",
      file("groups: [{ name: &x web, tags: [] }, { name: db, tags: [] }]"),
      "anchors are not taken",
    ],
    ["an anchor of a list", file("allow: &x []"), "anchors are not taken"],
    ["a tag", file("allow: !!set {}"), ""],
    ["a tag of the core", file("allow: !!seq []"), "tags are not taken"],
    [
      "two groups of a name",
      file("groups: [{ name: web }, { name: web }]"),
      "there are two",
    ],
    ["good for longer", file("goodFor: 401d"), "must be at most 400d"],
    ["a sensor off", file("sensors: { sshd: { enabled: false } }"), "enabled"],
  ])("is refused with %s", (_, text, problem) => {
    expect(() => readPolicyFile(text)).toThrow(problem);
  });
});

describe("a pattern of host names", () => {
  it.each([
    ["web-1", "web-1", true],
    ["WEB-1", "web-*", true],
    ["web-1.example", "web-*.example", true],
    ["web-1.example", "web-*.org", false],
    ["web-1", "web", false],
    ["a-b", "*a*b*", true],
    ["ab", "a*ab", false],
  ])("%s is like %s: %s", (name, pattern, is) => {
    expect(isLike(name, pattern)).toBe(is);
  });
});
