import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "@jest/globals";
import { codeFlags } from "../../scripts/bench/installed.js";
import { textOf } from "./markdown.js";

const MAIN = fileURLToPath(
  new URL("../../scripts/bench/main.js", import.meta.url),
);

/** What it says to a name that is none. */
const usage = (): Promise<string> =>
  new Promise((resolve) => {
    const command = [...codeFlags(), MAIN, "no-such-benchmark"];
    execFile(process.execPath, command, (_, __, stderr) => resolve(stderr));
  });

test("benchmarks start with an agent's flags, and each has its name told", async () => {
  const [, named = ""] = /NAME is one of: (.*)/.exec(await usage()) ?? [];
  const [, told = ""] =
    /a benchmark: ([^.]*)\./.exec(textOf("CONTRIBUTING.md")) ?? [];
  const names: readonly string[] = told.match(/[a-z]+/g) ?? [];
  expect(new Set(names)).toEqual(new Set(named.split(", ")));
});
