import { readFileSync } from "node:fs";
import { failed } from "../agent/text/failure.js";
import { run } from "./run.js";
import type { Target } from "./target.js";

/**
 * What files that were compiled for another kind of machine depend on. A cross
 * compiler's libraries do not say which version of a package brought a symbol;
 * those of this machine do, and Debian's versions are the same for both.
 * @returns as in a package's Depends
 * @throws Failure where a version of a library is known to none of them
 */
export function dependsAcross(
  compiled: readonly string[],
  target: Target,
): string {
  const asked = new Set(compiled.flatMap((path) => askedBy(path, target)));
  const depends: string[] = [];
  for (const name of PACKAGES) {
    const brought = broughtBy(name);
    const found = [...asked].filter((version) => brought.has(version));
    for (const each of found) asked.delete(each);
    const [newest] = found
      .map((version) => brought.get(version) ?? "")
      .sort((one, other) => byVersion(other, one));
    if (newest !== undefined) depends.push(`${name} (>= ${newest})`);
  }
  const [unknown] = asked;
  if (unknown === undefined) return depends.join(", ");
  throw failed(`no package of ${PACKAGES.join(", ")} has ${unknown}`);
}

/** All that Node, koffi and better-sqlite3 are linked with. */
const PACKAGES = ["libc6", "libgcc-s1", "libstdc++6"] as const;

/** The versions of libraries whose symbols a file looks for, as "GLIBC_2.34". */
const askedBy = (path: string, { tools }: Target): readonly string[] =>
  run([`${tools}objdump`, "-T", path])
    .split("\n")
    .filter((line) => line.includes("*UND*"))
    .flatMap((line) => {
      const [, version] = /\(?\b([A-Z]+_[\d.]+)\)?\s/.exec(line) ?? [];
      return version === undefined ? [] : [version];
    });

/** By a library's version, that of the package in which it came: deb-symbols(5). */
function broughtBy(name: string): ReadonlyMap<string, string> {
  const path = run(["dpkg-query", "--control-path", name, "symbols"]).trim();
  const lines = readFileSync(path, "utf8").matchAll(
    /^ ([A-Z]+_[\d.]+)@\S+ (\S+)/gm,
  );
  return new Map([...lines].map(([, symbol = "", at = ""]) => [symbol, at]));
}

/** Orders versions of the same library, the oldest first. */
export const byVersion = (one: string, other: string): number =>
  one.localeCompare(other, "en", { numeric: true });
