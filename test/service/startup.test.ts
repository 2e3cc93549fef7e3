import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "@jest/globals";
import { MAIN } from "../support/agent/host-process.js";

const PROGRAM = join(dirname(MAIN), "cli/program.js");
const STATUS = join(dirname(MAIN), "cli/commands/status.js");

it("loads neither ledger nor kernel before a command needs them", () => {
  const loaded = [...loadedBy(MAIN), ...loadedBy(PROGRAM)];
  expect(loaded).toContain("service/cli/commands/status.js");
  const heavy =
    /^(better-sqlite3|koffi|systeminformation|winston|ws)$|^agent\/(ledger|enforce|netlink|host|sqlite|walks|sessions)\/|^service\/(selftest|identity|daemon)/;
  expect(loaded.filter((each) => heavy.test(each))).toEqual([]);
});

it("loads no other command, and no client of Node's, for status and why", () => {
  const loaded = [...loadedBy(MAIN), ...loadedBy(STATUS)];
  const others = loaded.filter((each) => each.includes("/cli/commands/"));
  expect(others).toEqual(["service/cli/commands/status.js"]);
  expect(loaded).not.toContain("node:http");
  expect(loaded).not.toContain("node:child_process");
});

/** All that is imported for certain, as paths below `dist/`, and packages. */
function loadedBy(main: string): ReadonlySet<string> {
  const root = join(dirname(MAIN), "..");
  const files = new Set([main]);
  const packages = new Set<string>();
  for (const file of files) {
    for (const from of importsOf(readFileSync(file, "utf8"))) {
      if (from.startsWith(".")) files.add(join(dirname(file), from));
      else packages.add(from);
    }
  }
  const paths = [...files].map((file) => file.slice(root.length + 1));
  return new Set([...paths, ...packages]);
}

const importsOf = (text: string): readonly string[] =>
  [...text.matchAll(/^(?:import|export)\b[^;]*?"([^"]+)";$/gm)].map(
    ([, from = ""]) => from,
  );
