import { execFile } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Row } from "./report.js";

/**
 * Measures in a process of its own, with the flags of a cloud: none. What speaks
 * HTTP by the web's own classes needs it, since `--jitless` has no WebAssembly.
 */
export async function asCloud(
  name: "console" | "decide" | "flood" | "migrate",
): Promise<readonly Row[]> {
  const main = join(dirname(fileURLToPath(import.meta.url)), "cloud-main.js");
  const { stdout } = await promisify(execFile)(process.execPath, [main, name]);
  return JSON.parse(stdout) as readonly Row[];
}
