import {
  CompactRange,
  HASH_BYTES,
  leafHash,
  rootOver,
} from "../../agent/protocol/merkle-tree.js";
import type { Database, Statement } from "../journal/database.js";

/** What the fold has come to know beside the leaves. */
export interface Facts {
  /** The newest decision that is folded. */
  readonly seq: number;
  /** Which log it is; null before one has begun. */
  readonly log: string | null;
  /** How far observations are digested. */
  readonly observed: number;
  /** The newest root that a decision tells of. */
  readonly root: number;
}

/** A row that was erased. */
export interface Erasing {
  readonly of: "decisions" | "observations";
  readonly seq: number;
}

/** Where the leaves of a decision are. */
export interface Place {
  readonly seq: number;
  /** Index of its own leaf; those of its ops come behind it. */
  readonly first: number;
  readonly leaves: number;
}

/**
 * The tree on the disk: commitments in bundles of 256, and above them tiles of 256
 * hashes as C2SP tlog-tiles has them. The file holds nothing of its own.
 */
export class TreeStore {
  readonly #database: Database;
  readonly #load: Statement<Blob>;
  readonly #save: Statement<never>;
  readonly #place: Statement<Place>;
  readonly #places: Statement<Place>;
  readonly #addPlace: Statement<never>;
  readonly #addErasure: Statement<never>;
  readonly #erasures: Statement<Erasing>;
  readonly #saveFacts: Statement<never>;
  #range: CompactRange;
  #facts: Facts;
  /** Rows of tiles that this transaction has begun to write, by level and index. */
  readonly #open = new Map<string, Buffer[]>();

  constructor(database: Database) {
    this.#database = database;
    this.#load = database.prepare(
      "SELECT hashes FROM tiles WHERE level = ? AND idx = ?",
    );
    this.#save = database.prepare(
      `INSERT INTO tiles VALUES (?, ?, ?)
       ON CONFLICT DO UPDATE SET hashes = excluded.hashes`,
    );
    this.#place = database.prepare(
      "SELECT seq, first, leaves FROM places WHERE seq = ?",
    );
    this.#places = database.prepare(
      "SELECT seq, first, leaves FROM places ORDER BY seq",
    );
    this.#addPlace = database.prepare("INSERT INTO places VALUES (?, ?, ?)");
    this.#addErasure = database.prepare(
      "INSERT INTO erasures VALUES (?, ?) ON CONFLICT DO NOTHING",
    );
    this.#erasures = database.prepare("SELECT of, seq FROM erasures");
    this.#saveFacts = database.prepare(
      "UPDATE facts SET seq = ?, log = ?, observed = ?, root = ?, size = ?, range = ?",
    );
    const { facts, range } = this.#read();
    this.#facts = facts;
    this.#range = range;
  }

  get facts(): Facts {
    return this.#facts;
  }

  get size(): number {
    return this.#range.size;
  }

  root(): Buffer {
    return this.#range.root();
  }

  /** Everything within is one transaction; what fails leaves all as it was. */
  write(
    act: (add: (seq: number, leaves: readonly Uint8Array[]) => void) => Facts,
  ) {
    try {
      this.#database.transaction(() => {
        this.#facts = act((seq, leaves) => this.#add(seq, leaves));
        this.#flush();
      })();
    } catch (error) {
      const { facts, range } = this.#read();
      this.#facts = facts;
      this.#range = range;
      throw error;
    } finally {
      this.#open.clear();
    }
  }

  placeOf(seq: number): Place | undefined {
    return this.#place.get(seq);
  }

  /** Of all decisions that it took in, in their order. */
  places(): IterableIterator<Place> {
    return this.#places.iterate();
  }

  /** Notes what was erased for good. */
  erased({ of, seq }: Erasing): void {
    this.#addErasure.run(of, seq);
  }

  /** All that was ever erased. */
  erasures(): IterableIterator<Erasing> {
    return this.#erasures.iterate();
  }

  commitment(index: number): Uint8Array | undefined {
    const row = this.#tile(0, Math.floor(index / WIDTH))[index % WIDTH];
    return index < this.size ? row : undefined;
  }

  /**
   * Hashes of a tile, as many of them as there are; of level 0 they are the
   * leaves'. Undefined where there are none.
   */
  tile(level: number, index: number): readonly Uint8Array[] | undefined {
    const rows = this.#tile(level, index);
    if (rows.length === 0) return undefined;
    return level === 0 ? rows.map(leafHash) : rows;
  }

  /** What the leaves of a tile commit to. */
  bundle(index: number): readonly Uint8Array[] | undefined {
    const rows = this.#tile(0, index);
    return rows.length === 0 ? undefined : rows;
  }

  /** The hash of the perfect subtree of `2^level` leaves: for proofs. */
  subtree(level: number, index: number): Uint8Array {
    const tileLevel = Math.floor(level / HEIGHT);
    const count = 2 ** (level % HEIGHT);
    const from = index * count;
    const hashes = this.tile(tileLevel, Math.floor(from / WIDTH)) ?? [];
    const own = hashes.slice(from % WIDTH, (from % WIDTH) + count);
    if (own.length < count) {
      throw new RangeError(`the tree has no subtree ${level}/${index}`);
    }
    // The hashes of a tile are leaves of the subtrees within it.
    return count === 1 ? (own[0] ?? Buffer.alloc(0)) : rootOver(own);
  }

  #add(seq: number, commitments: readonly Uint8Array[]): void {
    const first = this.size;
    for (const commitment of commitments) {
      this.#put(0, this.size, commitment);
      this.#range.append(leafHash(commitment), (level, index, hash) => {
        if (level === 0 || level % HEIGHT !== 0) return;
        this.#put(level / HEIGHT, index, hash);
      });
    }
    this.#addPlace.run(seq, first, commitments.length);
  }

  #put(level: number, at: number, hash: Uint8Array): void {
    const index = Math.floor(at / WIDTH);
    const key = `${level}/${index}`;
    const rows = this.#open.get(key) ?? [...this.#tile(level, index)];
    rows[at % WIDTH] = Buffer.from(hash);
    this.#open.set(key, rows as Buffer[]);
  }

  #flush(): void {
    for (const [key, rows] of this.#open) {
      const [level = 0, index = 0] = key.split("/").map(Number);
      this.#save.run(level, index, Buffer.concat(rows));
    }
    const { seq, log, observed, root } = this.#facts;
    const range = Buffer.concat([...this.#range.hashes]);
    this.#saveFacts.run(seq, log, observed, root, this.size, range);
  }

  #tile(level: number, index: number): readonly Uint8Array[] {
    const hashes = this.#load.get(level, index)?.hashes;
    return hashes === undefined ? [] : split(hashes);
  }

  #read(): { readonly facts: Facts; readonly range: CompactRange } {
    const select: Statement<Facts & { size: number; range: Buffer }> =
      this.#database.prepare("SELECT * FROM facts");
    const row = select.get();
    if (row === undefined) throw new Error("the tree has no facts");
    const { size, range, ...facts } = row;
    return { facts, range: new CompactRange(size, split(range)) };
  }
}

const split = (bytes: Buffer): readonly Buffer[] =>
  Array.from({ length: bytes.length / HASH_BYTES }, (_, n) =>
    bytes.subarray(n * HASH_BYTES, (n + 1) * HASH_BYTES),
  );

/** Hashes in a tile, and so levels of the tree that one spans: C2SP tlog-tiles. */
const WIDTH = 256;
const HEIGHT = 8;

interface Blob {
  readonly hashes: Buffer;
}

export const TREE_TABLES = `
  CREATE TABLE tiles (
    level INTEGER NOT NULL, idx INTEGER NOT NULL, hashes BLOB NOT NULL,
    PRIMARY KEY (level, idx)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE places (
    seq INTEGER PRIMARY KEY, first INTEGER NOT NULL, leaves INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE erasures (
    of TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (of, seq)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE facts (
    seq INTEGER NOT NULL, log TEXT, observed INTEGER NOT NULL,
    root INTEGER NOT NULL, size INTEGER NOT NULL, range BLOB NOT NULL
  ) STRICT;
  INSERT INTO facts VALUES (0, NULL, 0, 0, 0, x'')`;
