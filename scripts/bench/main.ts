import { spawnSync } from "node:child_process";
import { benchApply } from "./apply.js";
import { asCloud } from "./as-cloud.js";
import { benchCommands } from "./commands.js";
import { benchDecide } from "./decide.js";
import { benchDrift } from "./drift.js";
import { benchIdle } from "./idle.js";
import { benchDetect } from "./detect.js";
import { benchMemory } from "./memory.js";
import { benchMigrate } from "./migrate.js";
import { benchPacket } from "./packet.js";
import { benchPaths } from "./paths.js";
import { benchPush } from "./push.js";
import { benchSessions } from "./sessions.js";
import { benchRestore } from "./restore.js";
import { benchUndo } from "./undo.js";
import { codeFlags } from "./installed.js";
import { asText, reportOf, type Measured, type Row } from "./report.js";

/** Every benchmark by its name. */
const benches: Readonly<
  Record<string, () => Promise<readonly Row[] | Measured>>
> = {
  apply: benchApply,
  packet: benchPacket,
  restore: benchRestore,
  push: benchPush,
  sessions: benchSessions,
  memory: benchMemory,
  detect: benchDetect,
  drift: benchDrift,
  idle: benchIdle,
  paths: benchPaths,
  commands: benchCommands,
  console: () => asCloud("console"),
  decide: benchDecide,
  migrate: benchMigrate,
  undo: benchUndo,
};

const [name = "", ...flags] = process.argv.slice(2);
const bench = benches[name];
if (bench === undefined || flags.some((flag) => flag !== "--json")) {
  process.stderr.write(
    `usage: npm run bench -- NAME [--json]\nNAME is one of: ${Object.keys(benches).join(", ")}\n`,
  );
  process.exitCode = 2;
} else if (process.env["TOURNIQUET_NAMESPACE"] !== "private") {
  process.stderr.write(
    "bench: run it with npm run bench, which keeps it off this machine's firewall\n",
  );
  process.exitCode = 2;
} else if (!codeFlags().every((flag) => process.execArgv.includes(flag))) {
  // What runs in this process runs as slowly as where it is installed.
  const again = [...codeFlags(), ...process.argv.slice(1)];
  const { status } = spawnSync(process.execPath, again, { stdio: "inherit" });
  process.exitCode = status ?? 1;
} else {
  const measured = await bench();
  const report = reportOf(
    name,
    "rows" in measured ? measured : { rows: measured },
  );
  process.stdout.write(`${asText(report)}\n`);
  if (flags.includes("--json"))
    process.stdout.write(`${JSON.stringify(report)}\n`);
}
