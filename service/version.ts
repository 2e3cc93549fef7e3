import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The version of the package that this file ships in. */
export function packageVersion(): string {
  const path = new URL("../../package.json", import.meta.url);
  const { version } = JSON.parse(readFileSync(path, "utf8")) as {
    version: string;
  };
  return version;
}

/** An upgrade that did not come to its end: this is the former program. */
export interface UnfinishedUpgrade {
  /** What was to take its place; null where the upgrade was interrupted. */
  readonly version: string | null;
  /** Since when this one runs again; null where it never stopped. ISO 8601. */
  readonly since: string | null;
  /** What the other one lacked. */
  readonly why: string;
}

/**
 * Whether this program was kept while another one was put in its place, and still
 * runs; null where nothing of the kind is so. `folder` is the program's.
 */
export function unfinishedUpgrade(
  folder = fileURLToPath(new URL("../..", import.meta.url)),
): UnfinishedUpgrade | null {
  if (basename(folder) !== FORMER) return null;
  try {
    const text = readFileSync(join(folder, "refused.json"), "utf8");
    const { version, at, why } = JSON.parse(text) as Refused;
    return { version, since: new Date(at * 1000).toISOString(), why };
  } catch {
    return { version: null, since: null, why: "it was interrupted" };
  }
}

/** As packaging/debian/upgrade.sh names the folder, and writes the file. */
const FORMER = "tourniquet.former";
interface Refused {
  readonly version: string;
  /** Unix seconds. */
  readonly at: number;
  readonly why: string;
}
