import type { Clock } from "./clock.js";

/** Whether the cloud is there, as `tourniquet status` says it. */
export type LinkState =
  | { readonly at: "down"; readonly since: number; readonly why: string }
  | { readonly at: "up"; readonly since: number; readonly address: string };

/** What is known of the link to the cloud, by those who do not run it. */
export class LinkStatus {
  readonly #clock: Pick<Clock, "now">;
  readonly #connected = new Set<string>();
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

  /** Addresses that connections have gone to since the start. */
  get connected(): readonly string[] {
    return [...this.#connected];
  }

  up(address: string): void {
    this.#state = { at: "up", since: this.#clock.now(), address };
    this.#connected.add(address);
  }

  down(why: string): void {
    this.#state = { at: "down", since: this.#clock.now(), why };
  }

  caughtUp(): void {
    this.#caughtUp = true;
  }
}
