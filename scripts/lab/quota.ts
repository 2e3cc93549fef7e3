import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A control group that holds what is in it to a share of the processor. */
export interface Quota extends Disposable {
  hold(pid: number): void;
}

/**
 * What `CPUQuota=` of systemd does, by the same means (cgroup v1's `cpu` or v2's
 * `cpu.max`); undefined where this machine lets nobody make such a group.
 *
 * @param isYielding it gets of that what others leave, as by `CPUWeight=idle`
 */
export function openQuota(
  percent: number,
  isYielding = false,
): Quota | undefined {
  // Not of a process id: each lab has a namespace of those, and all one cgroup.
  const name = `tourniquet-lab-${randomUUID()}`;
  const v1 = "/sys/fs/cgroup/cpu";
  const settings: Readonly<Record<string, string>> = existsSync(v1)
    ? {
        "cpu.cfs_period_us": String(PERIOD_US),
        "cpu.cfs_quota_us": String((percent * PERIOD_US) / 100),
        ...(isYielding && { "cpu.shares": "2" }),
      }
    : {
        "cpu.max": `${(percent * PERIOD_US) / 100} ${PERIOD_US}`,
        ...(isYielding && { "cpu.weight": "1" }),
      };
  const folder = join(existsSync(v1) ? v1 : "/sys/fs/cgroup", name);
  try {
    mkdirSync(folder, { recursive: true });
    for (const [file, text] of Object.entries(settings)) {
      writeFileSync(join(folder, file), text);
    }
  } catch {
    return undefined;
  }
  return {
    hold: (pid) => writeFileSync(join(folder, "cgroup.procs"), String(pid)),
    [Symbol.dispose]: () => removeEmpty(folder),
  };
}

/** What still runs in it was started by somebody who goes on. */
function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EBUSY") throw error;
  }
}

/** systemd's own period. */
const PERIOD_US = 100_000;

/** Whether this machine lets a lab hold its agents to a quota. */
export function quotasHold(): boolean {
  using quota = openQuota(100);
  return quota !== undefined;
}
