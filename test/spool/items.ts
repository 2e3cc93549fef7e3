import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ItemOf } from "../../agent/protocol/telemetry.js";
import { Spool, type SpoolLimits } from "../../agent/spool/spool.js";

export const NOW = 1_800_000_000_000;

/** A folder of its own for a spool, gone with everything in it when disposed. */
export class SpoolFolder implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "spool-"));
  readonly path = join(this.folder, "spool.db");
  #open: Spool | undefined;

  open(limits?: SpoolLimits): Spool {
    this.close();
    this.#open = Spool.open(this.path, limits);
    return this.#open;
  }

  close(): void {
    this.#open?.[Symbol.dispose]();
    this.#open = undefined;
  }

  [Symbol.dispose](): void {
    this.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Not urgent, and worth more than vitals; `cpus` tells them apart. */
export const inventory = (cpus: number): ItemOf<"inventory"> => ({
  kind: "inventory",
  time: NOW,
  ...{ hostname: "h", system: "s", kernel: "k", arch: "a" },
  ...{ cpus, memoryTotalBytes: 1, version: "1" },
});

/** Worth the least; `bans` tells them apart. */
export const vitals = (bans: number): ItemOf<"vitals"> => ({
  kind: "vitals",
  time: NOW,
  ...{ cpu: 0, memoryUsedBytes: 1, memoryTotalBytes: 2 },
  ...{ agentBytes: 1, uptimeSeconds: 1, bans, observed: 0, held: 0 },
});

export const hits = (packets: number): ItemOf<"hits"> => ({
  kind: "hits",
  ...{ from: NOW, to: NOW, top: [] },
  others: { remotes: 1, packets, bytes: packets, observed: 0 },
});

/** Urgent; `count` tells them apart. */
export const detection = (count: number): ItemOf<"detection"> => ({
  kind: "detection",
  time: NOW,
  ...{ sensor: "sshd", source: "192.0.2.1", count },
  ...{ firstSeen: NOW, lastSeen: NOW, action: "banned" },
});
