import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { Ledger, type LedgerOptions } from "../../../agent/ledger/ledger.js";
import type { Lift } from "../../../agent/model/ban.js";
import { formatCidr, parseCidr } from "../../../agent/model/cidr.js";
import {
  NO_HASH,
  type DatedPosition,
  type FeedName,
} from "../../../agent/model/position.js";
import type { ReviewedBanOp } from "../../../agent/model/reviewed.js";
import type { Entry, RulesetChange } from "../../../agent/model/ruleset.js";
import { unpacked } from "./entries.js";

/** Unix seconds at which the tests of the ledger start. */
export const NOW = 1_800_000_000;

/** A folder of its own for a ledger, gone with everything in it when disposed. */
export class LedgerFolder implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "ledger-"));
  readonly path = join(this.folder, "ledger.db");
  #open: Ledger | undefined;

  open(options: LedgerOptions = {}): Ledger {
    this.close();
    this.#open = Ledger.open(this.path, options);
    return this.#open;
  }

  /** What one number in the file is; closes the ledger. */
  column(sql: string): unknown {
    this.close();
    const sqlite = new Sqlite(this.path, { readonly: true });
    try {
      return sqlite.prepare(sql).pluck().get();
    } finally {
      sqlite.close();
    }
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

/** Records ops as the next segment of a feed. */
export function recordNext(
  ledger: Ledger,
  feed: FeedName,
  ops: Iterable<ReviewedBanOp | Lift>,
  now = NOW,
) {
  const { epoch = "e1", offset = 0 } = ledger.position(feed) ?? {};
  const position = positionOf(feed, offset + 1, epoch);
  return ledger.record({ position, ops, now });
}

/** Adopts a snapshot as the next offset of a feed. */
export function adoptNext(
  ledger: Ledger,
  feed: FeedName,
  bans: readonly ReviewedBanOp[],
  now = NOW,
) {
  const { epoch = "e1", offset = 0 } = ledger.position(feed) ?? {};
  const staging = ledger.stage(feed);
  staging.add(bans, now);
  return staging.adopt(positionOf(feed, offset + 1, epoch), now);
}

export const positionOf = (
  feed: FeedName,
  offset: number,
  epoch = "e1",
): DatedPosition => ({
  feed,
  epoch,
  offset,
  hash: NO_HASH,
  issuedAt: NOW * 1000,
});

/** A ban that runs for so many seconds from `NOW`. */
export const ban = (
  range: string,
  seconds = 3600,
  more: Partial<Pick<ReviewedBanOp, "reason" | "held" | "observed">> = {},
): ReviewedBanOp => ({
  op: "ban",
  cidr: parseCidr(range),
  expiresAt: NOW + seconds,
  reason: "scanning",
  observed: false,
  ...more,
});

export const lift = (range: string): Lift => ({
  op: "lift",
  cidr: parseCidr(range),
});

/** The whole ruleset as text: "192.0.2.1 3600", "192.0.2.2 60 observed". */
export const rulesetOf = (ledger: Ledger, now = NOW, size = 3): string[] =>
  unpacked(ledger.entries(size, now)).map(tellEntry);

export const tellEntry = ({ cidr, expiresAt, observed }: Entry): string =>
  `${formatCidr(cidr)} ${expiresAt - NOW}${observed ? " observed" : ""}`;

/** A change as text: "@2 +192.0.2.1 3600 -192.0.2.2". */
export const tellChange = (change: RulesetChange | "rebuild"): string =>
  change === "rebuild"
    ? change
    : [
        `@${change.revision}`,
        ...change.put.map((entry) => `+${tellEntry(entry)}`),
        ...change.remove.map((cidr) => `-${formatCidr(cidr)}`),
      ].join(" ");
