import type { Clock } from "./clock.js";

/** Whether the cloud is there, as `tourniquet status` says it. */
export type LinkState =
  | { readonly at: "down"; readonly since: number; readonly why: string }
  | { readonly at: "up"; readonly since: number; readonly address: string };

/** What is known of the link to the cloud, by those who do not run it. */
export class LinkStatus {
  readonly #clock: Pick<Clock, "now">;
  /** The newest last. */
  #connected: readonly string[] = [];
  #state: LinkState;
  #caughtUp = false;

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
    this.#state = { at: "down", since: clock.now(), why: "not dialed yet" };
  }

  get state(): LinkState {
    return this.#state;
  }

  /** Whether this agent has stood where the cloud does, in every feed. */
  get hasCaughtUp(): boolean {
    return this.#caughtUp;
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

  down(why: string): void {
    this.#state = { at: "down", since: this.#clock.now(), why };
  }

  caughtUp(): void {
    this.#caughtUp = true;
  }
}

/** More than a cloud has addresses in use at a time. */
const MOST_CONNECTED = 8;
