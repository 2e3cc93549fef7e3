import { spawn } from "node:child_process";
import { once } from "node:events";

/** Runs a command to its end; what it says on failure is the error. */
export async function output(command: readonly string[]): Promise<string> {
  const [program = "", ...args] = command;
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  let complaint = "";
  child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (complaint += chunk.toString()));
  const [code, signal] = (await once(child, "close")) as [
    number | null,
    string | null,
  ];
  if (code === 0) return text;
  throw new Error(
    `${command.join(" ")} ended with ${code ?? signal ?? "unknown"}: ${complaint.trim()}`,
  );
}
