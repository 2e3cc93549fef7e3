import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** How a script ended, and what it said. */
export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly complaint: string;
}

/** Runs a shell script on this machine to its end, well or not. */
export async function ended(script: string): Promise<Ended> {
  const options = { maxBuffer: 64 * 1024 * 1024 };
  try {
    const told = await promisify(execFile)("sh", ["-c", script], options);
    return { code: 0, out: told.stdout, complaint: "" };
  } catch (error) {
    const { code, stdout, stderr } = error as {
      readonly code?: number;
      readonly stdout?: string;
      readonly stderr?: string;
    };
    return {
      code: code ?? -1,
      out: stdout ?? "",
      complaint: (stderr ?? "").trim(),
    };
  }
}
