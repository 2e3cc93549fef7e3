import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, test } from "@jest/globals";
import { Failure } from "../../agent/text/failure.js";
import { readConfig } from "../../service/config-file.js";

describe("the configuration file", () => {
  it("is YAML", () => {
    using file = fileOf("log: { level: debug } # for a while\n");
    expect(readConfig(file.path).log.level).toBe("debug");
  });

  it.each([
    ["empty", ""],
    ["only a comment", "# nothing yet\n"],
    ["only a beginning", "---\n"],
  ])("may be %s", (_what, text) => {
    using file = fileOf(text);
    expect(readConfig(file.path).log.level).toBe("info");
  });

  it("may be absent where it is looked for, not where it was named", () => {
    expect(refusal("/nonexistent/config.yaml")).toMatch(
      /^cannot read the configuration: ENOENT/,
    );
  });

  test.each([
    ["tabs", "log:\n\tlevel: debug\n"],
    ["a key twice", "stateDir: /a\nstateDir: /b\n"],
    ["two documents", "stateDir: /a\n---\nstateDir: /b\n"],
    ["an alias", "guard: &all { allow: [] }\nlog: *all\n"],
    ["an open bracket", "guard: { allow: [ }\n"],
    ["a bomb", bomb()],
  ])("with %s is not taken", (_what, text) => {
    using file = fileOf(text);
    expect(refusal(file.path)).toContain(`${file.path} is not YAML: `);
  });

  it("with wrong content is told all of it, as asked for wrongly", () => {
    using file = fileOf("colour: red\nlog: { level: loud }\n");
    expect(refusal(file.path)).toMatch(/has 2 problems:\n.*log\.level/s);
  });

  it("that is a folder is not read", () => {
    expect(refusal(tmpdir())).toMatch(/EISDIR/);
  });
});

function refusal(path: string): string {
  try {
    readConfig(path);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    expect(error.exitCode).toBe(2);
    return error.message;
  }
  throw new Error("it was taken");
}

/** "Billion laughs". */
function bomb(): string {
  const lines = Array.from(
    { length: 9 },
    (_, i) => `l${i + 1}: &l${i + 1} [${Array(9).fill(`*l${i}`).join(", ")}]`,
  );
  return ["l0: &l0 [lol]", ...lines].join("\n");
}

function fileOf(text: string): Disposable & { readonly path: string } {
  const folder = mkdtempSync(join(tmpdir(), "tourniquet-config-"));
  const path = join(folder, "config.yaml");
  writeFileSync(path, text);
  return {
    path,
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  };
}
