import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  statfsSync,
} from "node:fs";
import { join } from "node:path";
import type { Ledger } from "../../agent/ledger/ledger.js";
import { writeWhole } from "../../agent/runtime/atomic-file.js";
import { syncFolder } from "../../agent/sqlite/file.js";
import { failed } from "../../agent/text/failure.js";
import type { Before } from "./before.js";
import { placesIn } from "./places.js";

export interface Keeping {
  readonly stateDir: string;
  readonly ledger: Pick<Ledger, "copyTo">;
  readonly before: Before;
  /** From here on another program may change the state. */
  readonly begins: boolean;
}

/**
 * Keeps what an upgrade may have to go back to: a copy of the ledger that is whole,
 * the identity, and how the host is now. One that was kept earlier stays until this
 * one is complete.
 * @returns how many bytes the ledger's copy has
 * @throws Failure where there is too little room, and nothing is changed then
 */
export async function keepFormer(keeping: Keeping): Promise<number> {
  const { stateDir, ledger, before, begins } = keeping;
  const places = placesIn(stateDir);
  mustHaveRoom(stateDir);
  mkdirSync(places.folder, { recursive: true, mode: 0o700 });
  const beside = `${places.ledger}.new`;
  rmSync(beside, { force: true });
  await ledger.copyTo(beside);
  sync(beside);
  renameSync(beside, places.ledger);
  const identity = join(stateDir, "identity.json");
  if (existsSync(identity)) {
    writeWhole(places.identity, readFileSync(identity, "utf8"));
  }
  writeWhole(places.before, `${JSON.stringify(before)}\n`);
  if (begins) writeWhole(places.tried, "");
  syncFolder(stateDir);
  return statSync(places.ledger).size;
}

/** The copy, and as much again for what a new version makes of the ledger. */
function mustHaveRoom(stateDir: string): void {
  const ledger = join(stateDir, "ledger.db");
  const size = existsSync(ledger) ? statSync(ledger).size : 0;
  const needed = 2 * size + SPARE_BYTES;
  const { bavail, bsize } = statfsSync(stateDir);
  const free = bavail * bsize;
  if (free >= needed) return;
  throw failed(
    `keeping a copy of the ledger needs ${megabytes(needed)} in ${stateDir}, and ${megabytes(free)} are free`,
  );
}

/** For logs, and what is recorded meanwhile. */
const SPARE_BYTES = 32 * 1024 ** 2;

const megabytes = (bytes: number): string =>
  `${Math.ceil(bytes / 1024 ** 2)} MiB`;

function sync(path: string): void {
  const file = openSync(path, "r");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
