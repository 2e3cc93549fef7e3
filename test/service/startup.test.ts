import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "@jest/globals";
import { MAIN } from "../support/agent/host-process.js";

it("loads neither ledger nor kernel before a command needs them", () => {
  const loaded = [...loadedBy(MAIN)];
  expect(loaded).toContain("service/cli/commands/status.js");
  const heavy =
    /^(better-sqlite3|koffi|systeminformation|winston|ws)$|^agent\/(ledger|enforce|netlink|host|sqlite|walks|sessions)\/|^service\/(selftest|identity|daemon)/;
  expect(loaded.filter((each) => heavy.test(each))).toEqual([]);
});

/** All that is imported for certain, as paths below `dist/`, and packages. */
function loadedBy(main: string): ReadonlySet<string> {
  const root = join(dirname(main), "..");
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
