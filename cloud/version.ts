import { readFileSync } from "node:fs";

/** The version of the package that this file ships in. */
export function packageVersion(): string {
  const path = new URL("../../package.json", import.meta.url);
  const { version } = JSON.parse(readFileSync(path, "utf8")) as {
    version: string;
  };
  return version;
}
