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

/** What a cloud's log of this id (16 hex digits) is called: no spaces, and no "+". */
export const originOf = (cloud: string, log: string): string =>
  `${originsOf(cloud)}${log}`;

/** How all of a cloud's logs are called. */
export const originsOf = (cloud: string): string =>
  `tourniquet/${encodeURIComponent(cloud.replaceAll(/\p{Cs}/gu, "\ufffd"))}/`;
