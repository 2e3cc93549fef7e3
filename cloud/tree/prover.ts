import {
  proveInclusion,
  type Subtrees,
} from "../../agent/protocol/merkle-proof.js";
import { CompactRange } from "../../agent/protocol/merkle-tree.js";
import type { Database, Statement } from "../journal/database.js";
import { observationPayload } from "../journal/commitment.js";
import type { DecisionRow } from "../journal/decisions.js";
import type { ObservationRow } from "../journal/observations.js";
import { observationCommitment, observationLeaf } from "./digest.js";
import { openingOf, opOpenings, type Opening } from "./leaves.js";
import type { Leaf, Proof } from "./proof.js";
import type { Tree } from "./tree.js";

/** It is not there, or not yet. */
export class NotInTree extends Error {
  override readonly name = "NotInTree";
}

/** What is to be proved. */
export type Wanted =
  | { readonly of: "decision"; readonly seq: number }
  | { readonly of: "decision"; readonly id: string }
  | { readonly of: "op"; readonly feed: string; readonly number: number }
  | { readonly of: "observation"; readonly seq: number };

/** A proof before its checkpoint is signed. */
export type BareProof = Omit<Proof, "checkpoint">;

/** Finds what is asked for, and makes its proof: looks through all of the decisions. */
export class Prover {
  readonly #tree: Tree;
  readonly #decided: Statement<{ seq: number }>;
  readonly #segment: Statement<{ seq: number; first: number }>;
  readonly #digest: Statement<{ seq: number; first: number; count: number }>;
  readonly #erased: Statement<{ seq: number }>;

  constructor(tree: Tree, decisions: Database) {
    this.#tree = tree;
    const is = (kind: string) => `body ->> '$.kind' = '${kind}'`;
    this.#decided = decisions.prepare(
      `SELECT seq FROM decisions WHERE ${is("decided")} AND body ->> '$.decision' = ?`,
    );
    this.#segment = decisions.prepare(
      `SELECT seq, body ->> '$.first' AS first FROM decisions
       WHERE ${is("segment")} AND body ->> '$.feed' = @feed
         AND body ->> '$.first' <= @number AND body ->> '$.last' >= @number
       ORDER BY seq DESC LIMIT 1`,
    );
    this.#digest = decisions.prepare(
      `SELECT seq, body ->> '$.first' AS first, body ->> '$.count' AS count
       FROM decisions WHERE ${is("observed")}
         AND body ->> '$.first' <= @seq AND body ->> '$.last' >= @seq LIMIT 1`,
    );
    this.#erased = decisions.prepare(
      `SELECT seq FROM decisions WHERE ${is("erased")}
         AND body ->> '$.of' = ? AND body ->> '$.seq' = ? ORDER BY seq LIMIT 1`,
    );
  }

  /** @throws NotInTree */
  prove(wanted: Wanted): BareProof {
    switch (wanted.of) {
      case "decision":
        return this.#ofDecision(this.#seqOf(wanted));
      case "op":
        return this.#ofOp(this.opAt(wanted.feed, wanted.number));
      case "observation":
        return this.#ofObservation(wanted.seq);
    }
  }

  /** Where the op is in the feed's newest epoch that had it. @throws NotInTree */
  opAt(feed: string, number: number): { seq: number; op: number } {
    const found = this.#segment.get({ feed, number });
    if (found === undefined) throw new NotInTree(`${feed} has no op ${number}`);
    return { seq: found.seq, op: number - found.first };
  }

  #seqOf(wanted: Wanted & { readonly of: "decision" }): number {
    if ("seq" in wanted) return wanted.seq;
    const seq = this.#decided.get(wanted.id)?.seq;
    if (seq !== undefined) return seq;
    throw new NotInTree(`there is no decision ${wanted.id}`);
  }

  #ofDecision(seq: number): BareProof {
    const row = this.#row(seq);
    const leaf = this.#leaf(seq, 0, openingOf(row));
    return {
      ...of("decision", seq),
      leaf,
      ...this.#erasedBy(row, "decisions"),
    };
  }

  #ofOp({ seq, op }: { seq: number; op: number }): BareProof {
    const row = this.#row(seq);
    const leaf = this.#leaf(seq, 1 + op, opOpenings(row)[op]);
    return { ...of("op", seq), leaf, ...this.#erasedBy(row, "decisions") };
  }

  #ofObservation(seq: number): BareProof {
    const found = this.#digest.get({ seq });
    if (found === undefined || this.#place(found.seq) === undefined) {
      throw new NotInTree(`observation ${seq} is in no batch of the tree yet`);
    }
    const { first, count } = found;
    const rows = this.#tree.rows.observationsAfter(first - 1, count);
    const index = rows.findIndex((each) => each.seq === seq);
    const own = rows[index];
    if (own === undefined) throw new NotInTree(`no observation is ${seq}`);
    const path = proveInclusion(index, count, subtreesOver(rows));
    const shown = shownLeaf(index, observationCommitment(own), path);
    const batch = { ...shown, ...opened(observationOpening(own)), size: count };
    const leaf = this.#leaf(found.seq, 0, openingOf(this.#row(found.seq)));
    const erased = this.#erasedBy(own, "observations");
    return { ...of("observation", seq), leaf, batch, ...erased };
  }

  /** Of what is erased: the leaf that tells by whom. */
  #erasedBy(
    { seq, salt }: DecisionRow | ObservationRow,
    store: "decisions" | "observations",
  ): { readonly erased?: Leaf } {
    if (salt !== null) return {};
    const by = this.#erased.get(store, seq)?.seq;
    if (by === undefined) return {};
    return { erased: this.#leaf(by, 0, openingOf(this.#row(by))) };
  }

  #row(seq: number): DecisionRow {
    const row = this.#tree.rows.decision(seq);
    if (row !== undefined && this.#place(seq) !== undefined) return row;
    throw new NotInTree(`there is no event ${seq} in the tree`);
  }

  #leaf(seq: number, behind: number, opening: Opening | undefined): Leaf {
    const { store } = this.#tree;
    const index = (this.#place(seq)?.first ?? 0) + behind;
    const commitment = store.commitment(index);
    if (commitment === undefined) throw new NotInTree(`no leaf is ${index}`);
    const subtrees: Subtrees = (level, at) => store.subtree(level, at);
    const path = proveInclusion(index, store.size, subtrees);
    return { ...shownLeaf(index, commitment, path), ...opened(opening) };
  }

  #place(seq: number) {
    return this.#tree.store.placeOf(seq);
  }
}

const of = (what: Proof["of"], seq: number) =>
  ({ type: "log-proof", of: what, seq }) as const;

const shownLeaf = (
  index: number,
  commitment: Uint8Array,
  path: readonly Uint8Array[],
) => ({
  index,
  commitment: Buffer.from(commitment).toString("hex"),
  path: path.map((hash) => Buffer.from(hash).toString("base64url")),
});

const opened = (opening: Opening | undefined) =>
  opening && {
    salt: Buffer.from(opening.salt).toString("hex"),
    payload: opening.payload,
  };

function observationOpening(row: ObservationRow): Opening | undefined {
  const payload = observationPayload(row);
  if (row.salt === null || payload === undefined) return undefined;
  return { salt: row.salt, payload };
}

/** Every perfect subtree over a batch: some thousand hashes. */
function subtreesOver(rows: readonly ObservationRow[]): Subtrees {
  const range = new CompactRange();
  const kept = new Map<string, Uint8Array>();
  for (const row of rows) {
    range.append(observationLeaf(row), (level, index, hash) => {
      kept.set(`${level}/${index}`, hash);
    });
  }
  return (level, index) => {
    const hash = kept.get(`${level}/${index}`);
    if (hash === undefined) throw new NotInTree("the batch has lost some");
    return hash;
  };
}
