import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { nodeFlags } from "../../installer/unit-text.js";

/** How a shipped unit starts the agent: what is tried is what is installed. */
export interface UnitStart {
  /** Node's own flags, of which `--jitless` costs the most. */
  readonly flags: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Of one core; undefined where the unit sets no limit. */
  readonly quotaPercent: number | undefined;
}

/** @throws Error when the unit has no command that starts Node */
export function readUnit(
  name: "tourniquet" | "tourniquet-restore",
  root = ROOT,
): UnitStart {
  const file = join(root, `service/units/${name}.service`);
  const text = readFileSync(file, "utf8");
  const [, flags] = /^ExecStart=@NODE@ (.*) @P\w+@/m.exec(text) ?? [];
  if (flags === undefined) throw new Error(`${file} starts no Node`);
  const settings = text.matchAll(/^Environment=(\w+)=(.*)$/gm);
  const [, quota] = /^CPUQuota=(\d+)%$/m.exec(text) ?? [];
  return {
    flags:
      flags === "@FLAGS@" ? nodeFlags(process.versions.node) : flags.split(" "), // of an earlier version
    environment: Object.fromEntries(
      [...settings].map(([, key = "", value = ""]) => [key, value]),
    ),
    quotaPercent: quota === undefined ? undefined : Number(quota),
  };
}

/** Node with a unit's flags, ready for the agent's arguments. */
export const nodeAsIn = (
  { flags }: UnitStart,
  root = ROOT,
): readonly string[] => [
  process.execPath,
  ...flags,
  join(root, "dist/service/main.js"),
];

/** The checkout that this file was built from. */
export const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../../..");
