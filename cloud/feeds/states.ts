import { hashToHex, type FeedName } from "../../agent/model/position.js";
import { beatBytes, encodeBeat } from "../../agent/protocol/beat.js";
import type { State } from "../../agent/protocol/documents-v2.js";
import type { SignedText } from "../../agent/protocol/signed-text.js";
import type { Clock } from "../../agent/runtime/clock.js";
import type { SigningKey } from "../../agent/trust/keys.js";
import { signerOf, signText } from "../../agent/trust/sign.js";
import type { FeedIndex } from "./feed-index.js";

/** Where an org's feeds stand, as its agents of version 2 are told. */
export interface StateWord {
  /** The same object for as long as nothing changes. */
  readonly text: SignedText;
  /** "Still so"; undefined while the text itself is as fresh as that. */
  readonly beat: Buffer | undefined;
}

/**
 * Signs where feeds stand together: a state when one of them has moved or the keys
 * are others, else a beat of a hundred bytes about the last. Of the feeds of one org
 * either is signed once a second at most, whoever asks.
 */
export class States {
  readonly #index: Pick<FeedIndex, "standing">;
  readonly #keys: () => readonly SigningKey[];
  readonly #clock: Pick<Clock, "now">;
  /** By the names of the feeds. */
  readonly #signed = new Map<string, Signed>();

  constructor(
    index: Pick<FeedIndex, "standing">,
    keys: () => readonly SigningKey[],
    clock: Pick<Clock, "now">,
  ) {
    this.#index = index;
    this.#keys = keys;
    this.#clock = clock;
  }

  of(feeds: readonly FeedName[]): StateWord {
    const now = this.#clock.now();
    const signed = this.#newest(feeds, now);
    const { text, time, keys } = signed;
    if (isShared(time, now)) return { text, beat: undefined };
    if (signed.beat === undefined || !isShared(signed.beat.time, now)) {
      const sign = signerOf(keys);
      const signatures = sign(beatBytes(text.signed, now));
      signed.beat = { time: now, bytes: encodeBeat({ time: now, signatures }) };
    }
    return { text, beat: signed.beat.bytes };
  }

  #newest(feeds: readonly FeedName[], time: number): Signed {
    const name = feeds.join(" ");
    const keys = this.#keys();
    const heads = this.#headsOf(feeds);
    const gist = JSON.stringify(heads);
    const last = this.#signed.get(name);
    if (last?.keys === keys) {
      if (last.gist === gist || isShared(last.time, time)) return last;
    }
    const state: State = { type: "state", time, heads };
    const text = signText("state", state, keys, 2);
    const signed = { text, time, keys, gist, beat: undefined };
    this.#signed.set(name, signed);
    return signed;
  }

  #headsOf(feeds: readonly FeedName[]): State["heads"] {
    return feeds.flatMap((feed) => {
      const standing = this.#index.standing(feed);
      if (standing === undefined) return [];
      const { epoch, offset, hash } = standing;
      return [{ feed, epoch, offset, hash: hashToHex(hash) }];
    });
  }
}

interface Signed {
  readonly text: SignedText;
  readonly time: number;
  readonly keys: readonly SigningKey[];
  /** What it says, but for when. */
  readonly gist: string;
  beat: { readonly time: number; readonly bytes: Buffer } | undefined;
}

/** A fleet that returns together must not cost a signature an agent. */
const SHARED_MS = 1_000;

const isShared = (time: number, now: number): boolean =>
  Math.abs(now - time) < SHARED_MS;
