import { cpus, uptime } from "node:os";
import { readFile } from "node:fs/promises";

/** How this machine is doing. */
export interface HostVitals {
  /** Share of all processors in use since the last reading, 0 to 1. */
  readonly cpu: number;
  readonly memoryUsedBytes: number;
  readonly memoryTotalBytes: number;
  /** Resident memory of this process. */
  readonly agentBytes: number;
  readonly uptimeSeconds: number;
}

/** Time that all processors together spent, in milliseconds. */
interface Load {
  readonly busy: number;
  readonly all: number;
}

/** Reads vitals; the first reading's processor share is since the host's start. */
export class Vitals {
  #before: Load = { busy: 0, all: 0 };

  async read(): Promise<HostVitals> {
    const { default: si } = await import("systeminformation");
    const { total, available } = await si.mem();
    return {
      cpu: this.#share(),
      memoryUsedBytes: Math.max(0, total - available),
      memoryTotalBytes: total,
      agentBytes: await residentBytes(),
      uptimeSeconds: Math.floor(uptime()),
    };
  }

  /** Not by systeminformation: it starts three processes to read one file. */
  #share(): number {
    const now = load();
    const { busy, all } = this.#before;
    this.#before = now;
    if (now.all <= all) return 0;
    const share = (now.busy - busy) / (now.all - all);
    return Math.round(Math.min(1, Math.max(0, share)) * 1_000) / 1_000;
  }
}

function load(): Load {
  let busy = 0;
  let idle = 0;
  for (const { times } of cpus()) {
    busy += times.user + times.nice + times.sys + times.irq;
    idle += times.idle;
  }
  return { busy, all: busy + idle };
}

async function residentBytes(): Promise<number> {
  const status = await readFile("/proc/self/status", "utf8");
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  return Number(kilobytes ?? 0) * 1024;
}
