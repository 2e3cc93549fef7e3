import type { Clock } from "../runtime/clock.js";

/** Whether the cloud is there, as `tourniquet status` says it. */
export type CloudContact =
  | {
      readonly at: "down";
      /** Of the first loss; each try since then leaves it as it is. */
      readonly since: number;
      /** What the latest try ended with. */
      readonly why: string;
      readonly tried: number;
      /** When it is tried next; undefined before the first try. */
      readonly next: number | undefined;
    }
  | { readonly at: "up"; readonly since: number; readonly address: string }
  /** This host has no cloud. */
  | { readonly at: "none"; readonly since: number };

/** What is known of the link to the cloud, by those who do not run it. */
export class LinkStatus {
  readonly #clock: Pick<Clock, "now">;
  /** The newest last. */
  #connected: readonly string[] = [];
  #state: CloudContact;
  #caughtUp = false;
  /** Whether somebody between had made an older version of what was lost. */
  #isDowngrade = false;
  #carriedAt = -Infinity;

  /** @param hasCloud whether there is one that is to be heard, or waited for */
  constructor(clock: Pick<Clock, "now">, hasCloud = true) {
    this.#clock = clock;
    const now = clock.now();
    if (!hasCloud) {
      this.#state = { at: "none", since: now };
      this.#caughtUp = true;
      return;
    }
    const why = "not dialed yet";
    this.#state = { at: "down", since: now, why, tried: now, next: undefined };
  }

  get state(): CloudContact {
    return this.#state;
  }

  /** Why the last try ended, if somebody between made it an older version. */
  get downgraded(): string | undefined {
    const state = this.#state;
    return state.at === "down" && this.#isDowngrade ? state.why : undefined;
  }

  /** Whether this agent has stood where the cloud does, in every feed. */
  get hasCaughtUp(): boolean {
    return this.#caughtUp;
  }

  /**
   * When the cloud's word was last carried to this host while it had no link, by the
   * clock that never jumps.
   */
  get carriedAt(): number {
    return this.#carriedAt;
  }

  /** Addresses that the latest connections have gone to. */
  get connected(): readonly string[] {
    return this.#connected;
  }

  up(address: string): void {
    this.#state = { at: "up", since: this.#clock.now(), address };
    const others = this.#connected.filter((other) => other !== address);
    this.#connected = [...others, address].slice(-MOST_CONNECTED);
  }

  /** Lost, or still not there; the next try is so many milliseconds away. */
  down(why: string, retryInMs = 0, isDowngrade = false): void {
    const tried = this.#clock.now();
    const since = this.#state.at === "down" ? this.#state.since : tried;
    const next = tried + retryInMs;
    this.#state = { at: "down", since, why, tried, next };
    this.#isDowngrade = isDowngrade;
  }

  caughtUp(): void {
    this.#caughtUp = true;
  }

  /** A link that is up speaks for itself, and what ends it does so too. */
  carried(monotonic: number): void {
    if (this.#state.at === "down") this.#carriedAt = monotonic;
  }
}

/** More than a cloud has addresses in use at a time. */
const MOST_CONNECTED = 8;
