import type { AgentEvents } from "./events.js";
import type { Ledger } from "./ledger/ledger.js";
import type { Mode } from "./model/mode.js";
import { Mutex } from "./mutex.js";
import type { Receipts } from "./receipts.js";

export interface ModeSwitchPorts {
  readonly ledger: Pick<Ledger, "mode" | "setMode">;
  readonly receipts: Pick<Receipts, "restate">;
  readonly events: Pick<AgentEvents, "modeChanged">;
  /** Returns once the kernel is as the ledger says, mode included. */
  enforce(): Promise<void>;
}

/**
 * Lets this host's operator switch the whole host between dropping and only
 * counting. Nothing that comes from the cloud gets here.
 */
export class ModeSwitch {
  readonly #ports: ModeSwitchPorts;
  readonly #turns = new Mutex();

  constructor(ports: ModeSwitchPorts) {
    this.#ports = ports;
  }

  /**
   * Remembers the mode, brings the kernel to it, and tells the cloud after that:
   * no receipt claims what the kernel does not do yet.
   * @throws NotEnforced; the mode is remembered then, and goes on being tried
   */
  turnTo(mode: Mode): Promise<void> {
    return this.#turns.run(async () => {
      const { ledger, receipts, events } = this.#ports;
      if (ledger.mode() !== mode) {
        ledger.setMode(mode);
        events.modeChanged(mode);
      }
      await this.#ports.enforce();
      receipts.restate();
    });
  }
}
