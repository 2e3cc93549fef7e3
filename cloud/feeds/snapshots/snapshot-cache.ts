import type { FeedName } from "../../../agent/model/position.js";
import { isOfVersion2 } from "../../../agent/protocol/container.js";
import { sha256 } from "../../../agent/protocol/sha256.js";
import { sealSnapshot } from "../../../agent/protocol/snapshot.js";
import { unixSeconds } from "../../../agent/runtime/clock.js";
import type { SigningKey } from "../../../agent/trust/keys.js";
import { signerOf } from "../../../agent/trust/sign.js";
import type { Database, Statement } from "../../journal/database.js";
import { GOOD_FOR_MS } from "../chain.js";
import type { BanState } from "./ban-state.js";
import type { SnapshotFiles } from "./snapshot-files.js";

/** A snapshot that lies ready. */
export interface SnapshotEntry {
  readonly sha256: string;
  readonly feed: FeedName;
  readonly epoch: string;
  readonly offset: number;
  readonly bytes: number;
  readonly bans: number;
  /** Milliseconds since 1970. */
  readonly issuedAt: number;
  /** Of the protocol; 2 where bans in it wait for rings. */
  readonly version: 1 | 2;
}

/** Builds snapshots and keeps the newest three of each feed. */
export class SnapshotShelf {
  readonly #state: BanState;
  readonly #files: SnapshotFiles;
  #keys: readonly SigningKey[];
  readonly #all: Statement<SnapshotEntry>;
  readonly #add: Statement<never>;
  readonly #dropOld: Statement<never>;
  readonly #drop: Statement<never>;
  readonly #dropOthers: Statement<never>;

  constructor(
    database: Database,
    state: BanState,
    ports: {
      readonly files: SnapshotFiles;
      readonly keys: readonly SigningKey[];
    },
  ) {
    this.#state = state;
    this.#files = ports.files;
    this.#keys = ports.keys;
    this.#all = database.prepare(
      `SELECT sha256, feed, epoch, last AS offset, bytes, bans,
         issued_at AS issuedAt, version
       FROM snapshots ORDER BY feed, last DESC, issued_at DESC`,
    );
    this.#add = database.prepare(
      "INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    );
    this.#dropOld = database.prepare(
      `DELETE FROM snapshots WHERE feed = @feed AND (epoch <> @epoch OR
         sha256 NOT IN (SELECT sha256 FROM snapshots
           WHERE feed = @feed AND epoch = @epoch
           ORDER BY last DESC, issued_at DESC LIMIT ${KEPT}))`,
    );
    this.#drop = database.prepare("DELETE FROM snapshots WHERE sha256 = ?");
    this.#dropOthers = database.prepare(
      "DELETE FROM snapshots WHERE signed_by <> ?",
    );
    this.#dropLost();
    this.signWith(ports.keys);
  }

  /** Signs with these from now on; no agent takes what others have signed. */
  signWith(keys: readonly SigningKey[]): void {
    this.#keys = keys;
    this.#dropOthers.run(namesOf(keys));
    this.#tidy();
  }

  entries(): readonly SnapshotEntry[] {
    return this.#all.all();
  }

  /** The feed's state as it stands, signed and on the disk. */
  build(feed: FeedName, now: number): SnapshotEntry {
    this.#state.purge(unixSeconds(now));
    const position = this.#state.position(feed);
    const { bytes, bans } = sealSnapshot(
      {
        position,
        issuedAt: now,
        notAfter: now + GOOD_FOR_MS,
        groups: this.#state.groups(feed, unixSeconds(now)),
      },
      signerOf(this.#keys),
    );
    const name = sha256(bytes).toString("hex");
    this.#files.write(name, bytes);
    const { epoch, offset } = position;
    const size = bytes.length;
    const signedBy = namesOf(this.#keys);
    const version = isOfVersion2(bytes) ? 2 : 1;
    const made = [size, bans, now, signedBy, version];
    this.#add.run(name, feed, epoch, offset, ...made);
    this.#dropOld.run({ feed, epoch });
    this.#tidy();
    const issuedAt = now;
    const entry = { sha256: name, feed, epoch, offset, bytes: size, bans };
    return { ...entry, issuedAt, version };
  }

  /** The file's name survives a crash less well than its row, or the reverse. */
  #dropLost(): void {
    for (const { sha256, bytes } of this.entries()) {
      if (!this.#files.holds(sha256, bytes)) this.#drop.run(sha256);
    }
  }

  #tidy(): void {
    const names = this.entries().map((entry) => entry.sha256);
    this.#files.keepOnly(new Set(names));
  }
}

const namesOf = (keys: readonly SigningKey[]): string =>
  keys.map(({ id }) => id).join(" ");

/** Agents that are still fetching an older one may finish. */
const KEPT = 3;
