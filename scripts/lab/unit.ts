import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** How a shipped unit starts the agent: what is tried is what is installed. */
export interface UnitStart {
  /** Node's own flags, of which `--jitless` costs the most. */
  readonly flags: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Of one core; undefined where the unit sets no limit. */
  readonly quotaPercent: number | undefined;
}

/** @throws Error when the unit has no command that starts Node */
export function readUnit(name: "tourniquet" | "tourniquet-restore"): UnitStart {
  const file = join(ROOT, `service/units/${name}.service`);
  const text = readFileSync(file, "utf8");
  const [, flags] = /^ExecStart=@NODE@ (.*) @PREFIX@/m.exec(text) ?? [];
  if (flags === undefined) throw new Error(`${file} starts no Node`);
  const settings = text.matchAll(/^Environment=(\w+)=(.*)$/gm);
  const [, quota] = /^CPUQuota=(\d+)%$/m.exec(text) ?? [];
  return {
    flags: flags.split(" "),
    environment: Object.fromEntries(
      [...settings].map(([, key = "", value = ""]) => [key, value]),
    ),
    quotaPercent: quota === undefined ? undefined : Number(quota),
  };
}

/** Node with a unit's flags, ready for the agent's arguments. */
export const nodeAsIn = ({ flags }: UnitStart): readonly string[] => [
  process.execPath,
  ...flags,
  join(ROOT, "dist/service/main.js"),
];

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../../..");
