import type { FeedName } from "../../../agent/model/position.js";
import type { Op } from "../../../agent/model/ban.js";
import { formatCidr } from "../../../agent/model/cidr.js";
import type { RefusalCode } from "../../../agent/protocol/refusals.js";
import type { SignedText } from "../../../agent/protocol/signed-text.js";
import { hex, keys, seeds, type KeyName } from "../../support/vectors.js";

/** What reads a vector's bytes or text. */
export type Reader =
  | "cloud message"
  | "agent message"
  | "cloud message v2"
  | "agent message v2"
  | "segment"
  | "segments"
  | "snapshot"
  | "root"
  | "next root"
  | "head"
  | "state"
  | "beat"
  | "approval"
  | "policy"
  | "tree head"
  | "log proof"
  | "enrolment token"
  | "enrolment request"
  | "enrolment answer"
  | "rekey request"
  | "leaving request"
  | "bundle"
  | "carried receipts"
  | "carried request"
  | "carried answer";

/** One file under test/golden/protocol, for implementations in any language. */
export interface Vector {
  readonly name: string;
  readonly reads: Reader;
  readonly direction: "cloud to agent" | "agent to cloud";
  readonly description: string;
  /** The keys that play a part, by seed. */
  readonly keys?: Readonly<Record<string, KeyInVector>>;
  /** Exactly one of the two. */
  readonly text?: string;
  readonly hex?: string;
  /** Hex of what the signatures are made over. */
  readonly signedBytes?: string;
  readonly signatures?: readonly {
    readonly key: string;
    readonly signature: string;
  }[];
  /** SHA-256 of `signedBytes`. */
  readonly hash?: string;
  /** What it means, as JSON. */
  readonly decoded: unknown;
}

interface KeyInVector {
  readonly public: string;
  readonly id: string;
}

/** Everything that bad vectors are judged against, and the vectors. */
export interface BadVectors {
  readonly description: string;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** What the agent follows. */
  readonly feeds: readonly FeedName[];
  readonly roots: Readonly<Record<RootName, PinnedRoot>>;
  readonly vectors: readonly BadVector[];
}

export type RootName = "one content signature" | "two content signatures";

export interface PinnedRoot {
  readonly text: SignedText;
  readonly pin: string;
}

export interface BadVector {
  readonly name: string;
  readonly reads: Reader;
  readonly text?: string;
  readonly hex?: string;
  /** So many times the byte is to be inserted there: sizes that would bloat a file. */
  readonly fill?: Fill;
  /** Where the agent stands; null has nothing yet. */
  readonly at: null | {
    readonly feed: FeedName;
    readonly epoch: string;
    readonly offset: number;
    readonly hash: string;
  };
  readonly root: RootName;
  /** null: it is taken in, and `why` says what happens then. */
  readonly refusal: RefusalCode | null;
  readonly why: string;
}

export interface Fill {
  readonly at: number;
  readonly byte: number;
  readonly count: number;
}

export function keysOf(
  ...names: readonly KeyName[]
): Readonly<Record<string, KeyInVector>> {
  return Object.fromEntries(
    names.map((name) => [
      seeds[name],
      { public: hex(keys[name].publicKey), id: keys[name].id },
    ]),
  );
}

/** An op as vectors show it: the range as text. */
export function opInVector(op: Op): unknown {
  const range = formatCidr(op.cidr);
  if (op.op === "lift") return { op: "lift", range };
  const { expiresAt, reason, observed, rings } = op;
  const ringed = rings === undefined ? {} : { rings };
  return { op: "ban", range, expiresAt, reason, observed, ...ringed };
}
