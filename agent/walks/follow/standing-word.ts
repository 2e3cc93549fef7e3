import type { Head } from "../../protocol/documents.js";
import type { State } from "../../protocol/documents-v2.js";
import { Malformed } from "../../protocol/malformed.js";
import { Refused } from "../../protocol/refusals.js";
import type { SignedText } from "../../protocol/signed-text.js";
import type { FollowPorts } from "./follow-ports.js";

type Verifying = Pick<FollowPorts, "verifyState" | "verifyBeat">;

/**
 * Where the cloud says on one connection that all feeds stand: a signed state, and
 * beats that it is still so. A beat makes of it heads of the beat's own time, so they
 * are judged as heads are, and never as fresher than the cloud has signed them.
 */
export class StandingWord {
  readonly #verify: Verifying;
  #last: { readonly text: SignedText; readonly state: State } | undefined;
  /** One that could not be verified yet: its root may still come. */
  #unread: SignedText | undefined;

  constructor(verify: Verifying) {
    this.#verify = verify;
  }

  /**
   * Beats are about the newest state from here on; an older one changes nothing.
   * @throws Refused, Malformed
   */
  hear(text: SignedText): readonly Head[] {
    this.#unread = text;
    const state = this.#verify.verifyState(text);
    this.#unread = undefined;
    if (state.time >= (this.#last?.state.time ?? 0)) {
      this.#last = { text, state };
    }
    return headsAt(state, state.time);
  }

  /**
   * None where nothing is known that it could be about.
   * @throws Refused, of one about another state as well; Malformed
   */
  beat(bytes: Uint8Array): readonly Head[] {
    this.#readAgain();
    if (this.#last === undefined) return [];
    const { text, state } = this.#last;
    return headsAt(state, this.#verify.verifyBeat(bytes, text));
  }

  #readAgain(): void {
    try {
      if (this.#unread !== undefined) this.hear(this.#unread);
    } catch (error) {
      if (error instanceof Refused) return; // told when it came
      if (!(error instanceof Malformed)) throw error;
      this.#unread = undefined;
    }
  }
}

const headsAt = ({ heads }: State, time: number): readonly Head[] =>
  heads.map((head) => ({ type: "head", ...head, time }));
