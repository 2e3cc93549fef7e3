import { spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync, writeFileSync } from "node:fs";

/** Lets another process make and undo ten thousand changes of a set, and again. */
export async function flood(
  table: string,
  set: string,
  times: number,
): Promise<void> {
  const file = `/tmp/tourniquet-flood-${process.pid}.nft`;
  const elements = Array.from(
    { length: 5_000 },
    (_, i) => `10.0.${i >> 8}.${i & 255}`,
  );
  const changes = [
    `add element inet ${table} ${set} { ${elements.join()} }`,
    `flush set inet ${table} ${set}`,
  ];
  writeFileSync(file, Array<string[]>(times).fill(changes).flat().join("\n"));
  const child = spawn("nft", ["-f", file], { stdio: "inherit" });
  await once(child, "exit");
  rmSync(file);
}
