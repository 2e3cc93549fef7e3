import { randomFillSync } from "node:crypto";
import { sha256 } from "../../agent/protocol/sha256.js";
import type { DecisionRow } from "./decisions.js";
import type { ObservationRow } from "./observations.js";

/** What a decision's leaf commits to, to the byte; undefined once it is erased. */
export const decisionPayload = ({
  seq,
  at,
  body,
}: Pick<DecisionRow, "seq" | "at" | "body">): string | undefined =>
  body === null ? undefined : `{"seq":${seq},"at":${at},"event":${body}}`;

/** What an observation's commitment is to; undefined once it is erased. */
export function observationPayload(
  row: Omit<ObservationRow, "salt" | "commitment">,
): string | undefined {
  const { seq, at, agent, spool, number, body } = row;
  if (body === null) return undefined;
  const key = `"agent":${JSON.stringify(agent)},"spool":${JSON.stringify(spool)},"number":${number}`;
  return `{"seq":${seq},"at":${at},${key},"event":${body}}`;
}

/** SHA-256 of salt and payload: tells nothing of it without both. */
export const commitmentTo = (
  salt: Uint8Array,
  payload: string | Uint8Array,
): Buffer =>
  sha256(salt, typeof payload === "string" ? Buffer.from(payload) : payload);

/**
 * The commitment of a row, whether or not it is erased: what stands there counts,
 * and what was kept only once nothing does.
 */
export function committed(
  row: Pick<DecisionRow, "salt" | "commitment">,
  payload: string | undefined,
): Uint8Array {
  if (row.salt !== null && payload !== undefined) {
    return commitmentTo(row.salt, payload);
  }
  if (row.commitment !== null) return row.commitment;
  throw new Error("a row has neither its salt nor its commitment");
}

/** Draws salts, many at a time: one alone costs more than its row. */
export class Salts {
  readonly #bytes: number;
  #pool: Buffer = Buffer.alloc(0);
  #used = 0;

  constructor(bytes: 16 | 32) {
    this.#bytes = bytes;
  }

  next(): Buffer {
    if (this.#used >= this.#pool.length) {
      this.#pool = randomFillSync(Buffer.alloc(this.#bytes * AT_ONCE));
      this.#used = 0;
    }
    const from = this.#used;
    this.#used += this.#bytes;
    return this.#pool.subarray(from, this.#used);
  }
}

const AT_ONCE = 256;
