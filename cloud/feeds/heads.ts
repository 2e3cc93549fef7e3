import { hashToHex, type FeedName } from "../../agent/model/position.js";
import type { Head } from "../../agent/protocol/documents.js";
import type { SignedText } from "../../agent/protocol/signed-text.js";
import type { Clock } from "../../agent/runtime/clock.js";
import type { SigningKey } from "../../agent/trust/keys.js";
import { signText } from "../../agent/trust/sign.js";
import type { FeedIndex } from "./feed-index.js";

/** Signs where the feeds stand, once for all who hear it in the same second. */
export class Heads {
  readonly #index: FeedIndex;
  readonly #keys: () => readonly SigningKey[];
  readonly #clock: Clock;
  readonly #signed = new Map<FeedName, Signed>();

  constructor(
    index: FeedIndex,
    keys: () => readonly SigningKey[],
    clock: Clock,
  ) {
    this.#index = index;
    this.#keys = keys;
    this.#clock = clock;
  }

  of(feeds: readonly FeedName[]): readonly SignedText[] {
    return feeds.flatMap((feed) => this.#head(feed) ?? []);
  }

  #head(feed: FeedName): SignedText | undefined {
    const standing = this.#index.standing(feed);
    if (standing === undefined) return undefined;
    const { epoch, offset } = standing;
    const time = this.#clock.now();
    const hash = hashToHex(standing.hash);
    const keys = this.#keys();
    const last = this.#signed.get(feed);
    const isSame = last?.head.hash === hash && last.head.epoch === epoch;
    if (isSame && last.keys === keys) {
      if (Math.abs(time - last.head.time) < SHARED_MS) return last.text;
    }
    const head: Head = { type: "head", feed, epoch, offset, hash, time };
    const text = signText("head", head, keys);
    this.#signed.set(feed, { head, text, keys });
    return text;
  }
}

interface Signed {
  readonly head: Head;
  readonly text: SignedText;
  readonly keys: readonly SigningKey[];
}

/** A fleet that returns together must not cost a signature an agent. */
const SHARED_MS = 1_000;
