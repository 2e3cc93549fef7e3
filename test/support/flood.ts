import { spawn } from "node:child_process";
import { once } from "node:events";

/** Lets another process change a set so often, each time by itself, at full speed. */
export async function startFlood(
  table: string,
  set: string,
  changes: number,
): Promise<Promise<void>> {
  const child = spawn("nft", ["-i"], {
    stdio: ["pipe", "ignore", "inherit"],
  });
  const lines = Array.from({ length: changes }, (_, i) => {
    const verb = i % 2 === 0 ? "add" : "delete";
    return `${verb} element inet ${table} ${set} { 10.0.0.1 }\n`;
  });
  child.stdin.end(lines.join(""));
  await new Promise((resolve) => setTimeout(resolve, 100));
  return once(child, "exit").then(() => undefined);
}
