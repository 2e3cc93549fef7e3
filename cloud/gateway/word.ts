import type { FeedName } from "../../agent/model/position.js";
import { wire1 } from "../../agent/protocol/wire.js";
import type {
  ProtocolVersion,
  SignedText,
} from "../../agent/protocol/signed-text.js";
import { encodeFrame } from "./frame.js";
import type { GatewayPorts } from "./ports.js";

type WordPorts = Pick<GatewayPorts, "heads" | "state">;

/**
 * What all agents of an org are told of their feeds at one moment: each frame is made
 * once, when the first of them needs it.
 */
export class Word {
  readonly #ports: WordPorts;
  readonly #feeds: readonly FeedName[];
  #heads: Buffer | undefined;
  #state: StateFrames | undefined;

  constructor(ports: WordPorts, feeds: readonly FeedName[]) {
    this.#ports = ports;
    this.#feeds = feeds;
  }

  /** As version 1 has it: a head of each feed. */
  get heads(): Buffer {
    return (this.#heads ??= textFrame(
      wire1.write({
        type: "heads",
        heads: [...this.#ports.heads(this.#feeds)],
      }),
    ));
  }

  /** As version 2 has it: one state of all feeds, and that it is still so. */
  get state(): StateFrames {
    return (this.#state ??= this.#stateFrames());
  }

  #stateFrames(): StateFrames {
    const { text, beat } = this.#ports.state(this.#feeds);
    const frame = textFrame(JSON.stringify({ type: "state", state: text }));
    return { text, frame, beat: beat && encodeFrame("binary", beat) };
  }
}

interface StateFrames {
  readonly text: SignedText;
  readonly frame: Buffer;
  readonly beat: Buffer | undefined;
}

/** What a session is to hear, and what it has been told then. */
interface Telling {
  readonly frames: readonly Buffer[];
  readonly told: SignedText | undefined;
}

/** In which frames each version hears it, by what the session was told last. */
export const tellings: Readonly<
  Record<ProtocolVersion, (word: Word, told: SignedText | undefined) => Telling>
> = {
  1: ({ heads }) => ({ frames: [heads], told: undefined }),
  2: ({ state: { text, frame, beat } }, told) => {
    const still = beat === undefined ? [] : [beat];
    return { frames: told === text ? still : [frame, ...still], told: text };
  },
};

const textFrame = (text: string): Buffer =>
  encodeFrame("text", Buffer.from(text));
