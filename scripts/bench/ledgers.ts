import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ledger } from "../../agent/ledger/ledger.js";
import type { Cidr } from "../../agent/model/cidr.js";
import { systemClock, unixSeconds } from "../../agent/runtime/clock.js";

/** A ledger that holds the list, as a snapshot of it would leave it. */
export function filledLedger(path: string, cidrs: readonly Cidr[]): Ledger {
  const ledger = Ledger.open(path);
  const now = unixSeconds(systemClock.now());
  const staging = ledger.stage("reputation");
  const sorted = [...cidrs].sort((a, b) =>
    Buffer.compare(a.address, b.address),
  );
  for (let i = 0; i < sorted.length; i += 4_000) {
    const slice = sorted.slice(i, i + 4_000).map((cidr) => ({
      op: "ban" as const,
      cidr,
      expiresAt: now + 86_400,
      reason: "benchmark",
      observed: false,
    }));
    staging.add(slice, now);
  }
  staging.adopt(
    {
      ...{ feed: "reputation", epoch: "bench", offset: 1 },
      ...{ hash: new Uint8Array(32), issuedAt: now * 1000 },
    },
    now,
  );
  return ledger;
}

/** How long a task takes. */
export async function seconds(task: () => unknown): Promise<number> {
  const start = performance.now();
  await task();
  return (performance.now() - start) / 1000;
}

/** A folder that goes with all that is in it. */
export function folder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), "tourniquet-bench-"));
  return {
    path,
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
}
