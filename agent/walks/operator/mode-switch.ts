import type { AgentEvents } from "../../events/events.js";
import type { Ledger } from "../../ledger/ledger.js";
import type { Mode } from "../../model/mode.js";
import type { Fact } from "../../protocol/statement.js";
import { unixSeconds, type BanClock } from "../../runtime/clock.js";
import { Mutex } from "../../runtime/mutex.js";
import type { Receipts } from "../ban/receipts.js";

export interface ModeSwitchPorts {
  readonly ledger: Pick<Ledger, "mode" | "setMode" | "overrides">;
  readonly receipts: Pick<Receipts, "restate">;
  readonly events: Pick<AgentEvents, "modeChanged" | "pauseEnded">;
  readonly clock: Pick<BanClock, "now" | "every">;
  /** The device is to state it, as soon as it is recorded. */
  readonly state: (fact: Fact) => void;
  /** Returns once the kernel is as the ledger says, mode included. */
  enforce(): Promise<void>;
}

/** A pause would end with the host enforcing, which it did not do before. */
export class ObservesAlready extends Error {
  override readonly name = "ObservesAlready";

  constructor() {
    super("this host observes already, until tourniquet enforce");
  }
}

/**
 * Lets this host's operator switch the whole host between dropping and only
 * counting, for good or for a while. Nothing that comes from the cloud gets here.
 */
export class ModeSwitch implements Disposable {
  readonly #ports: ModeSwitchPorts;
  readonly #turns = new Mutex();
  /** Looks whether the pause is over; there is none while nothing is paused. */
  #watch: Disposable | undefined;

  constructor(ports: ModeSwitchPorts) {
    this.#ports = ports;
    this.#watchPause();
  }

  /**
   * Remembers the mode and states it, brings the kernel to it, and gives receipts
   * after that: none claims what the kernel does not do yet. Ends a pause.
   * @throws NotEnforced; the mode is remembered then, and goes on being tried
   */
  turnTo(mode: Mode): Promise<void> {
    return this.#turns.run(async () => {
      const { ledger, events } = this.#ports;
      const isNews = ledger.mode() !== mode;
      const isForGood = ledger.overrides.pausedUntil() !== undefined;
      ledger.setMode(mode);
      this.#watchPause();
      if (isNews) events.modeChanged(mode);
      if (isNews || isForGood) this.#ports.state({ what: "mode" });
      await this.#comeTrue();
    });
  }

  /**
   * Observes for so many seconds, over restarts too, and enforces after that.
   * Returns when that will be, in Unix seconds.
   * @throws ObservesAlready
   * @throws NotEnforced; the pause is remembered then, and goes on being tried
   */
  pause(seconds: number): Promise<number> {
    return this.#turns.run(async () => {
      const { ledger, events, clock } = this.#ports;
      const { overrides } = ledger;
      const observes = ledger.mode() === "observe";
      if (observes && overrides.pausedUntil() === undefined) {
        throw new ObservesAlready();
      }
      const until = unixSeconds(clock.now()) + seconds;
      overrides.pause(until);
      this.#watchPause();
      if (!observes) events.modeChanged("observe");
      this.#ports.state({ what: "paused", until: until * 1000 });
      await this.#comeTrue();
      return until;
    });
  }

  [Symbol.dispose](): void {
    this.#watch?.[Symbol.dispose]();
  }

  async #comeTrue(): Promise<void> {
    await this.#ports.enforce();
    this.#ports.receipts.restate();
  }

  #watchPause(): void {
    const { ledger, clock } = this.#ports;
    this.#watch?.[Symbol.dispose]();
    this.#watch =
      ledger.overrides.pausedUntil() === undefined
        ? undefined
        : clock.every(LOOK_EVERY_MS, () => void this.#turns.run(this.#look));
  }

  readonly #look = async (): Promise<void> => {
    const { ledger, events, clock } = this.#ports;
    try {
      if (!ledger.overrides.endPause(unixSeconds(clock.now()))) return;
      this.#watchPause();
      events.pauseEnded();
      this.#ports.state({ what: "pause-ended" });
      await this.#comeTrue();
    } catch {
      return; // enforcing goes on being tried; a ledger that fails tells others
    }
  };
}

const LOOK_EVERY_MS = 1_000;
