import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import {
  BadRules,
  MOST_RULES_BYTES,
  faultText,
  readRules,
} from "../../../cloud/rules/read-rules.js";
import { builtIn } from "../../../cloud/rules/rule-set.js";
import { rulesText } from "../../../cloud/rules/rule-text.js";

const WHOLE = `version: 1
rules:
  - name: slow-ssh
    why: "low and slow: many customers, seldom on each"
    sees:
      sensors: [sshd, vsftpd]
      lists: ["drop_v4.json"]
      bannedBefore: { times: 2, within: 30d }
    within: 7d
    needs:
      weight: 2.5
      orgs: 3
      hosts: 10
      failures: 100
      spread: { active: 5, of: 14 }
    ban:
      for: 4h
      growing: { factor: 2, upTo: 30d, within: 90d }
    confidence: 0.9
`;

/** A file with one rule, of which one line is another. */
const withLine = (from: string, to: string): string => {
  if (!WHOLE.includes(from)) throw new Error(`there is no ${from}`);
  return WHOLE.replace(from, to);
};

function faultsOf(text: string): readonly string[] {
  try {
    readRules(text);
  } catch (error) {
    if (error instanceof BadRules) return error.faults.map(faultText);
    throw error;
  }
  return [];
}

const escaped = (text: string): string =>
  Array.from(text, (each) =>
    /[ -~]/.test(each)
      ? each
      : `\\u${each.charCodeAt(0).toString(16).padStart(4, "0")}`,
  ).join("");

describe("a file of rules", () => {
  it("is read into rules of which nothing is left open", () => {
    expect(readRules(WHOLE)).toEqual([
      {
        name: "slow-ssh",
        why: "low and slow: many customers, seldom on each",
        sees: {
          sensors: ["sshd", "vsftpd"],
          lists: ["drop_v4.json"],
          bannedBefore: { times: 2, withinMs: 30 * DAY },
        },
        windowMs: 7 * DAY,
        counts: "orgs",
        needs: {
          ...{ weight: 2.5, orgs: 3, hosts: 10, failures: 100 },
          spread: { active: 5, of: 14 },
        },
        ban: {
          forS: 14_400,
          growing: { factor: 2, upToS: 30 * 86_400, withinMs: 90 * DAY },
        },
        confidence: 0.9,
      },
    ]);
  });

  it("may say that nothing bans by itself", () => {
    expect(readRules("version: 1\nrules: []\n")).toEqual([]);
  });

  it.each([
    [
      "for: 4h",
      "for: soon",
      'line 17: rules[0].ban.for is no duration, such as "10m", "4h" or "7d": "soon"',
    ],
    [
      "for: 4h",
      "for: 4",
      'line 17: rules[0].ban.for is no duration, such as "10m", "4h" or "7d": 4',
    ],
    [
      "for: 4h",
      "for: 30s",
      'line 17: rules[0].ban.for is less than 60s: "30s"',
    ],
    [
      "within: 7d\n",
      "within: 8d\n",
      'line 9: rules[0].within is longer than 7d: "8d"',
    ],
    [
      "orgs: 3",
      "orgs: many",
      'line 12: rules[0].needs.orgs is not a whole number: "many"',
    ],
    ["orgs: 3", "orgs: 0", "line 12: rules[0].needs.orgs is less than 1: 0"],
    ["orgs: 3", "ogs: 3", "line 12: rules[0].needs.ogs is not known here"],
    [
      "name: slow-ssh",
      "name: Slow",
      'line 3: rules[0].name is no name: 1 to 32 of a-z, 0-9 and -, a letter first: "Slow"',
    ],
    [
      "active: 5",
      "active: 15",
      "line 15: rules[0].needs.spread wants more active parts than there are",
    ],
    [
      "confidence: 0.9",
      "confidence: 9",
      "line 19: rules[0].confidence is no number from 0 to 1: 9",
    ],
    [
      "upTo: 30d",
      "upTo: 1h",
      'line 17: rules[0].ban has a ceiling below "for"',
    ],
    ["version: 1", "version: 2", "line 1: version is not 1: 2"],
    ["[sshd, vsftpd]", "[]", "line 6: rules[0].sees.sensors is empty"],
    ["    within: 7d\n", "", "line 3: rules[0].within is missing"],
    [
      "factor: 2",
      "feed: reputation, factor: 2",
      "line 18: rules[0].ban.growing.feed is not known here",
    ],
  ])("%s as %s is told with its line, field and value", (from, to, fault) => {
    expect(faultsOf(withLine(from, to))).toEqual([fault]);
  });

  it("tells several faults at once", () => {
    const text = withLine("orgs: 3", "orgs: no").replace("for: 4h", "for: x");
    expect(faultsOf(text)).toHaveLength(2);
  });

  it.each([
    ["needs:\n      weight: 1", "one org's weight"],
    ["needs:\n      hosts: 1000", "hosts"],
    ["needs:\n      orgs: 1", "one org"],
    ["needs:\n      failures: 5", "failures alone"],
  ])("lets no org alone ban for everybody: %s", (needs) => {
    const text = `version: 1\nrules:\n  - name: a\n    within: 10m\n    ${needs}\n    ban:\n      for: 1h\n`;
    expect(faultsOf(text)[0]).toContain("one org alone");
    const every = text.replace("within", "counts: every-host\n    within");
    const isOfOrgs = /weight|orgs/.test(needs);
    expect(faultsOf(every)).toHaveLength(isOfOrgs ? 1 : 0);
  });

  it.each([
    ["an alias", "version: &one 1\nrules: []\nother: *one\n"],
    ["an anchor", "version: &one 1\nrules: []\n"],
    ["a tag", "version: !!int 1\nrules: []\n"],
    ["a type of its own", "version: 1\nrules: !rules []\n"],
    [
      "a second document",
      "version: 1\nrules: []\n---\nversion: 1\nrules: []\n",
    ],
    ["a directive", "%YAML 1.1\n---\nversion: 1\nrules: []\n"],
    ["a key twice", "version: 1\nversion: 1\nrules: []\n"],
    ["a key that is no text", "version: 1\nrules: []\n? [a, b]\n: 1\n"],
    ["a merge key", "version: 1\n<<: { rules: [] }\n"],
    ["nothing", ""],
    ["no map", "- 1\n- 2\n"],
    ["a bracket that stays open", "version: 1\nrules: [\n"],
    ["brackets without end", "[".repeat(30_000)],
    ["dashes without end", `rules:\n  ${"- ".repeat(30_000)}`],
    ["keys without end", "? ".repeat(30_000)],
    [
      "depth without end",
      Array.from({ length: 300 }, (_, n) => `${" ".repeat(n)}a:`).join("\n"),
    ],
    [
      "more bytes than it may have",
      `# ${"x".repeat(MOST_RULES_BYTES)}\nversion: 1\nrules: []\n`,
    ],
    [
      "more rules than it may have",
      rulesText(
        Array.from({ length: 65 }, (_, n) => ({
          ...someRule(),
          name: `r${n}`,
        })),
      ),
    ],
    ["two rules of one name", rulesText([someRule(), someRule()])],
  ])("is refused with %s, in no time", (_, text) => {
    const start = performance.now();
    expect(faultsOf(text).length).toBeGreaterThan(0);
    expect(performance.now() - start).toBeLessThan(2_000);
  });

  it.each([
    ["a terminal's escape", "\u001b[1A", "U+001B"],
    ["an escape of one byte", "\u009b2K", "U+009B"],
    ["a return without a new line", "\rneeds", "U+000D"],
    ["a mark that turns the writing", "\u202e", "U+202E"],
    ["an end that is none to YAML", "\u2028", "U+2028"],
  ])("is refused with %s in a comment, and its line", (_, mark, code) => {
    const text = withLine("orgs: 3", `orgs: 3 # ${mark} orgs: 30`);
    expect(faultsOf(text)).toEqual([
      `line 12: holds the control character ${code}`,
    ]);
    const value = withLine("low and slow: many", escaped(mark));
    expect(faultsOf(value)[0]).toContain("may hold no control characters");
  });

  it("may have tabs in comments, and lines as other systems end them", () => {
    const text = withLine("orgs: 3", "orgs: 3 #\tthree");
    expect(faultsOf(text.replaceAll("\n", "\r\n"))).toEqual([]);
  });

  it("is refused in its own words, whatever stands in it", () => {
    const lines = WHOLE.split("\n");
    const spoiled = fc
      .tuple(fc.nat(lines.length - 1), fc.string({ unit: "grapheme" }))
      .map(([at, text]) => lines.with(at, text).join("\n"));
    fc.assert(
      fc.property(fc.oneof(spoiled, fc.string()), (text) => {
        try {
          readRules(text);
        } catch (error) {
          expect(error).toBeInstanceOf(BadRules);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe("rules that are printed", () => {
  it("are the same when they are read again", () => {
    const rules = [...readRules(WHOLE), ...settingsRules()];
    expect(readRules(rulesText(rules))).toEqual(rules);
    expect(readRules(rulesText([]))).toEqual([]);
  });
});

const DAY = 86_400_000;

function settingsRules() {
  return builtIn({ orgs: 3, hosts: 9, windowMs: 600_000, banForS: 14_400 });
}

function someRule() {
  const [rule] = settingsRules();
  if (rule === undefined) throw new Error("there is one");
  return rule;
}
