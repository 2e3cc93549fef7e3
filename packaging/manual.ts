import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { zipped } from "./papers.js";
import { run } from "./run.js";
import { commandFor, type Target } from "./target.js";
import { filesUnder, PROGRAM, put } from "./tree.js";

/**
 * Has the placed program write its own manual and its completion, and places
 * both; `epoch` is the manual's date, in seconds since 1970.
 */
export function placeManual(
  root: string,
  { work, epoch, target }: Writing,
): void {
  const program = join(root, PROGRAM);
  const main = join(program, "dist/service/main.js");
  const own = commandFor(target, [join(program, "bin/node"), main]);
  const pages = join(work, "manual");
  mkdirSync(pages);
  const date = new Date(epoch * 1000).toISOString().slice(0, 10);
  run([...own, "manual", pages, "--date", date]);
  for (const name of filesUnder(pages)) {
    const text = readFileSync(join(pages, name), "utf8");
    put(root, `usr/share/man/man8/${name}.gz`, zipped(text));
  }
  put(
    root,
    "usr/share/bash-completion/completions/tourniquet",
    run([...own, "completion", "bash"]),
  );
}

interface Writing {
  /** A folder for notes. */
  readonly work: string;
  readonly epoch: number;
  readonly target: Target;
}
