import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TelemetryItem } from "../../agent/protocol/telemetry.js";
import { silentLogger } from "../../agent/log/logger.js";
import { filesOf } from "../../cloud/folder.js";
import { openDatabase } from "../../cloud/journal/database.js";
import type { DecisionEvent } from "../../cloud/journal/decision-events.js";
import type { ObservationEvent } from "../../cloud/journal/observation-events.js";
import { splitJournal } from "../../cloud/journal/split-journal.js";
import { columnsOf } from "../../cloud/journal/sqlite-decisions.js";
import { asCloud } from "./as-cloud.js";
import { FORMER_SCHEMA } from "./former-journal.js";
import { alone, type Row } from "./report.js";

/**
 * The first start of a cloud whose journal has a million events: copied into two
 * logs, read back and compared, beside SQLite's own copy of the same file.
 */
export const benchMigrate = (): Promise<readonly Row[]> => asCloud("migrate");

/** Runs as a cloud does. */
export async function measureMigrate(): Promise<readonly Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "tourniquet-migrate-"));
  try {
    const files = filesOf(folder);
    mkdirSync(files.observationsDir);
    writeJournal(files.journal);
    const bytes = statSync(files.journal).size;
    const peer = copyOf(files.journal, join(folder, "copy.db"));
    forgetPeak();
    const start = performance.now();
    await splitJournal(files, silentLogger);
    const ours = (performance.now() - start) / 1000;
    const peakMb = peakSince();
    const megabytes = Math.round(bytes / 1e6);
    return [
      {
        what: `1M events (${megabytes} MB) split, read back and compared`,
        ...{ unit: "s", ours, peer, peerName: "VACUUM INTO" },
        ...{ ratio: ours / peer, spread: null },
        ...{ goal: "≤ 60 s", met: ours <= 60 },
      },
      alone({ what: "RSS meanwhile, peak", unit: "MB", ours: peakMb }),
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The kernel counts the most memory that was taken from here on. */
const forgetPeak = (): void => writeFileSync("/proc/self/clear_refs", "5");

/** MB. */
function peakSince(): number {
  const status = readFileSync("/proc/self/status", "utf8");
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
}

const EVENTS = 1_000_000;

/** Of twenty events: 13 of telemetry, 5 receipts, a decision and its segment. */
function writeJournal(path: string): void {
  const database = openDatabase(path, "full");
  database.exec(FORMER_SCHEMA);
  const insert = database.prepare(
    "INSERT INTO events (at, body, bytes) VALUES (?, ?, ?)",
  );
  database.transaction(() => {
    for (let n = 0; n < EVENTS; n++) {
      const event = eventOf(n) as DecisionEvent;
      insert.run(1_700_000_000_000 + n, ...columnsOf(event));
    }
  })();
  database.pragma("wal_checkpoint(TRUNCATE)");
  database.close();
}

function eventOf(n: number): DecisionEvent | ObservationEvent {
  const agent = `agt-${String(n % 1_000).padStart(16, "0")}`;
  const of = n % 20;
  if (of === 18) {
    return {
      ...{ kind: "decided", decision: `dec-${n}`, action: "ban" },
      ...{ feed: "urgent", by: "first", ranges: 1, reason: "" },
    };
  }
  if (of === 19) {
    return {
      ...{ kind: "segment", decision: `dec-${n - 1}`, feed: "urgent" },
      ...{ epoch: "e", first: n, last: n, hash: "0".repeat(64) },
      ...{ notAfter: n, bytes: Buffer.alloc(400, 7) },
    };
  }
  if (of >= 13) {
    const signed = JSON.stringify({ n, agent, padding: "r".repeat(500) });
    return { kind: "receipt", agent, signed, signature: "s".repeat(86) };
  }
  const items = [{ kind: "dropped", time: n, items: 1, reason: "spool-full" }];
  return {
    ...{ kind: "telemetry", agent, org: "example" },
    ...{ spool: "one", first: n + 1, items: items as TelemetryItem[] },
  };
}

/** Seconds. */
function copyOf(path: string, to: string): number {
  const database = openDatabase(path, "full");
  const start = performance.now();
  database.prepare("VACUUM INTO ?").run(to);
  const taken = (performance.now() - start) / 1000;
  database.close();
  rmSync(to);
  return taken;
}
