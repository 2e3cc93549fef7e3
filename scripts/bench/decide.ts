import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Op } from "../../agent/model/ban.js";
import { NO_HASH } from "../../agent/model/position.js";
import { systemClock } from "../../agent/runtime/clock.js";
import { generateKey } from "../../agent/trust/keys.js";
import { signerOf } from "../../agent/trust/sign.js";
import { sealChain } from "../../cloud/feeds/chain.js";
import { openDatabase } from "../../cloud/journal/database.js";
import type {
  Decided,
  DecisionEvent,
} from "../../cloud/journal/decision-events.js";
import {
  columnsOf,
  SqliteDecisions,
} from "../../cloud/journal/sqlite-decisions.js";
import { asCloud } from "./as-cloud.js";
import { FORMER_SCHEMA, FormerJournal } from "./former-journal.js";
import { scattered } from "./lists.js";
import { median, quantile, type Row } from "./report.js";

/**
 * What it takes until a decision is on the disk: through the port, beside the same
 * bytes put into a table by SQLite alone, and beside the one journal of before; and
 * how long a rule takes while many hosts report.
 */
export const benchDecide = async (): Promise<readonly Row[]> => [
  ...(await asCloud("decide")),
  ...(await asCloud("flood")),
];

/** Runs as a cloud does. */
export async function measureDecide(): Promise<readonly Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "tourniquet-decide-"));
  try {
    return [...(await singles(folder)), ...(await imports(folder))];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const SINGLES = 2_000;
const BANS = 1_000_000;
const RUNS = 15;

/** Segments in one append, as feeds do it. */
const GROUP = 16;

type Append = (events: readonly DecisionEvent[]) => Promise<void> | void;

interface Contender extends Disposable {
  readonly name: "port" | "raw" | "former";
  readonly append: Append;
}

/** In turns, so that what the disk does meanwhile meets all of them. */
async function singles(folder: string): Promise<readonly Row[]> {
  using all = contenders(folder, "singles");
  const times = new Map(all.each.map(({ name }) => [name, [] as number[]]));
  for (let n = 0; n < SINGLES; n++) {
    const events = decisionOf([ban(n)], n);
    for (const { name, append } of rotated(all.each, n)) {
      const start = performance.now();
      await append(events);
      times.get(name)?.push(performance.now() - start);
    }
  }
  const quantiles = { p50: 0.5, p99: 0.99 };
  return Object.entries(quantiles).flatMap(([name, q]) =>
    rowsOf(`one decision, ${name} of ${SINGLES}`, "ms", (of) =>
      quantile(times.get(of) ?? [], q),
    ),
  );
}

async function imports(folder: string): Promise<readonly Row[]> {
  const events = decisionOf(
    scattered(BANS).cidrs.map((cidr): Op => ({ ...ban(0), cidr })),
    0,
  );
  const times = new Map<string, number[]>();
  for (let run = 0; run < RUNS; run++) {
    using all = contenders(folder, `import-${run}`);
    for (const { name, append } of rotated(all.each, run)) {
      const start = performance.now();
      for (let from = 0; from < events.length; from += GROUP) {
        await append(events.slice(from, from + GROUP));
      }
      const taken = performance.now() - start;
      times.set(name, [...(times.get(name) ?? []), taken]);
    }
  }
  return rowsOf("1M bans in one import, median", "ms", (of) =>
    median(times.get(of) ?? []),
  );
}

function contenders(folder: string, run: string) {
  const path = (name: string) => join(folder, `${run}-${name}.db`);
  const decisions = SqliteDecisions.open(path("port"), systemClock);
  const former = new FormerJournal(path("former"));
  const each: readonly Contender[] = [
    {
      name: "port",
      append: async (events) => {
        await decisions.append(events, decisions.level);
      },
      [Symbol.dispose]: () => decisions[Symbol.dispose](),
    },
    rawTable(path("raw")),
    {
      name: "former",
      append: (events) => former.append(events),
      [Symbol.dispose]: () => former[Symbol.dispose](),
    },
  ];
  const dispose = () => {
    for (const contender of each) contender[Symbol.dispose]();
  };
  return { each, [Symbol.dispose]: dispose };
}

/** The same bytes, and nothing that is looked at first. */
function rawTable(path: string): Contender {
  const database = openDatabase(path, "full");
  database.exec(FORMER_SCHEMA);
  const insert = database.prepare(
    "INSERT INTO events (at, body, bytes) VALUES (?, ?, ?)",
  );
  const write = database.transaction(
    (rows: readonly ReturnType<typeof columnsOf>[]) => {
      for (const row of rows) insert.run(0, ...row);
    },
  );
  return {
    name: "raw",
    append: (events) => {
      write.immediate(events.map(columnsOf));
    },
    [Symbol.dispose]: () => void database.close(),
  };
}

const ban = (n: number): Op => ({
  ...({ op: "ban", observed: false, reason: "benchmark" } as const),
  cidr: { family: 4, prefix: 32, address: Uint8Array.of(198, 18, n >> 8, n) },
  expiresAt: 4_000_000_000,
});

const sign = signerOf([generateKey()]);

/** A decision with its signed segments, as feeds append them. */
function decisionOf(ops: readonly Op[], n: number): readonly DecisionEvent[] {
  const decision = `dec-${n}`;
  const decided: Decided = {
    ...{ kind: "decided", decision, action: "ban", feed: "urgent" },
    ...{ by: "first", ranges: ops.length, reason: "benchmark", seen: 0 },
  };
  const start = {
    feed: "urgent",
    epoch: "e",
    offset: 0,
    hash: NO_HASH,
  } as const;
  const terms = { decision, issuedAt: Date.now(), sign };
  return [decided, ...sealChain(start, ops, terms)];
}

const rotated = <T>(list: readonly T[], by: number): readonly T[] => [
  ...list.slice(by % list.length),
  ...list.slice(0, by % list.length),
];

/** Ours beside each of the others. */
const rowsOf = (
  what: string,
  unit: string,
  figure: (of: Contender["name"]) => number,
): readonly Row[] =>
  PEERS.map(({ of, peerName }) => {
    const ours = figure("port");
    const peer = figure(of);
    const ratio = ours / peer;
    const goal = of === "former" ? `≤ ${MOST} ×` : null;
    const met = of === "former" ? ratio <= MOST : null;
    return { what, unit, ours, peer, peerName, ratio, spread: null, goal, met };
  });

const PEERS = [
  { of: "raw", peerName: "better-sqlite3 alone" },
  { of: "former", peerName: "the former journal" },
] as const;

/** No slower than the one journal of before; a salt and two columns are the price. */
const MOST = 1;
