import { readFileSync, writeFileSync } from "node:fs";

/** A folder that is no cloud's, or not in the state that was expected. */
export class BadFolder extends Error {
  override readonly name = "BadFolder";
}

/** @throws BadFolder when it cannot be read */
export function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new BadFolder(
      `cannot read ${path}; was the cloud made with "init"?`,
      { cause },
    );
  }
}

/** A new file that only its owner may read. */
export function writeSecret(path: string, text: string): void {
  writeFileSync(path, text, { mode: 0o600, flag: "wx" });
}
