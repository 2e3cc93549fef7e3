import { execFileSync } from "node:child_process";
import { statSync } from "node:fs";

/** Bytes: pictures are in the history for ever. */
const MOST_BYTES = 150 * 1024;

/**
 * Makes a PNG smaller, and says how large it is.
 * @param pngquant path of the program; empty: the file stays as it is
 * @throws Error when it is too large all the same
 */
export function keepSmall(path: string, pngquant: string): void {
  if (pngquant !== "") {
    const how = ["--force", "--skip-if-larger", "--strip", "--output", path];
    execFileSync(pngquant, [...how, "--", path]);
  }
  const { size } = statSync(path);
  process.stdout.write(`${path} ${(size / 1024).toFixed(0)} kB\n`);
  if (size > MOST_BYTES) throw new Error(`${path} has ${size} bytes`);
}
