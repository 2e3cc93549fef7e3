import { describe, expect, it, test } from "@jest/globals";
import { Ajv } from "ajv";
import { parse } from "yaml";
import { parseConfig } from "../../agent/config/config.js";
import { configSchema, configTable } from "../../scripts/config-tables.js";
import { blockOf, textOf } from "./markdown.js";

const explained = textOf("docs/configure.md");
const schema = JSON.parse(textOf("docs/config.schema.json")) as object;
const isGood = new Ajv({ strict: true, allowUnionTypes: true }).compile(schema);

const isTaken = (raw: unknown): boolean => {
  try {
    parseConfig(raw, "test");
    return true;
  } catch {
    return false;
  }
};

describe("docs/config.schema.json", () => {
  it("is what the code reads, as dist/scripts/config-document.js writes it", () => {
    expect(schema).toEqual(
      JSON.parse(JSON.stringify(configSchema(explained))) as unknown,
    );
  });

  it("takes the defaults as they are documented", () => {
    const shown: unknown = parse(blockOf(explained, "```yaml\n"));
    expect([isGood(shown), isGood({})]).toEqual([true, true]);
  });

  test.each([
    { colour: "red" },
    { guard: { alow: [] } },
    { guard: null },
    { guard: { floor: { ipv4: 33 } } },
    { guard: { floor: { ipv4: 12.5 } } },
    { log: { level: "loud" } },
    { cloud: { staleAfter: "soon" } },
    { stateDir: "relative" },
    { sensors: { sshd: { source: "syslog" } } },
    { sensors: { sshd: { source: { file: "/a", only: true } } } },
    { sensors: { sshd: { source: { file: "/a" }, ports: [] } } },
    { policy: { sensors: { sshd: { maxretry: [3] } } } },
    { sensors: { sshd: { source: { file: "/a" }, ports: [22] } } },
    { policy: { sensors: { sshd: { maxretry: [3, 20] } } } },
    { safeMode: { starts: 0 } },
  ])("and the program are of one mind about %j", (raw) => {
    expect(isGood(raw)).toBe(isTaken(raw));
  });

  it("says of every setting what it is for", () => {
    const text = JSON.stringify(schema);
    expect(text).toContain("the longest life of a ban.");
    expect(text).not.toMatch(/\]\(/);
  });
});

it("docs/configuration.md has every setting, as the same script writes it", () => {
  expect(textOf("docs/configuration.md")).toBe(configTable(explained));
});
