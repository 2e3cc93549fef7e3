import * as v from "valibot";
import { MOST_PROOF_HASHES } from "./merkle-proof.js";
import { base64url, listOf } from "./shapes.js";
import { MOST_NOTE_BYTES } from "./signed-note.js";

/** Answer to `GET /v2/log/head`. */
export const TreeHeadAnswer = v.strictObject({
  /** A signed note over a checkpoint. */
  checkpoint: v.pipe(v.string(), v.maxBytes(MOST_NOTE_BYTES)),
  /** That the tree begins with the one of the size that was asked about. */
  proof: listOf(base64url(32), MOST_PROOF_HASHES),
});
export type TreeHeadAnswer = v.InferOutput<typeof TreeHeadAnswer>;

/** Bytes of the answer: a note that is escaped, and a proof. */
export const MOST_TREE_HEAD_BYTES = 65_536;

/** A log's id: 16 hex digits, drawn when the log begins. */
export const LogId = v.pipe(v.string(), v.regex(/^[0-9a-f]{16}$/));

/** What a cloud's log is called: no spaces, and no "+". */
export const originOf = (cloud: string, log: string): string =>
  `${originsOf(cloud)}${log}`;

/** How all of a cloud's logs are called. */
export const originsOf = (cloud: string): string =>
  `tourniquet/${encodeURIComponent(cloud.replaceAll(/\p{Cs}/gu, "\ufffd"))}/`;
