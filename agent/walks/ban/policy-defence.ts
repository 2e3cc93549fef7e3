import { permittedOf } from "../../config/policy-sensors.js";
import type { AgentEvents } from "../../events/events.js";
import type { PolicyStore } from "../../keyring/policy-store.js";
import { Mutex } from "../../runtime/mutex.js";
import { startDefence, type DefencePorts, type Sensing } from "./defence.js";

export interface PolicyDefencePorts extends DefencePorts {
  readonly policies: Pick<PolicyStore, "sensors" | "onChanged">;
  readonly events: DefencePorts["events"] & Pick<AgentEvents, "sensorsSet">;
}

type Running = Sensing & AsyncDisposable;

/**
 * The host's defence, with its sensors set as the customer's policy has them, within
 * what the host's own file permits. A sensor whose settings change begins anew.
 */
export class PolicyDefence implements Sensing, AsyncDisposable {
  readonly #ports: PolicyDefencePorts;
  readonly #turns = new Mutex();
  readonly #tick: Disposable;
  #running: Running;
  /** What it runs with, beside the host's own. */
  #set = "{}";
  #isOver = false;

  constructor(ports: PolicyDefencePorts) {
    this.#ports = ports;
    this.#running = this.#start();
    ports.policies.onChanged(() => void this.#follow());
    // It may run out.
    this.#tick = ports.clock.every(LOOK_EVERY_MS, () => void this.#follow());
  }

  view(): ReturnType<Sensing["view"]> {
    return this.#running.view();
  }

  findings(): ReturnType<Sensing["findings"]> {
    return this.#running.findings();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    this.#tick[Symbol.dispose]();
    await this.#turns.idle();
    await this.#running[Symbol.asyncDispose]();
  }

  #follow(): Promise<void> {
    return this.#turns.run(async () => {
      const { set } = this.#wanted();
      if (this.#isOver || JSON.stringify(set) === this.#set) return;
      await this.#running[Symbol.asyncDispose]();
      this.#running = this.#start();
    });
  }

  #start(): Running {
    const { config, events } = this.#ports;
    const { set, passedOver } = this.#wanted();
    const before = this.#set;
    this.#set = JSON.stringify(set);
    if (this.#set !== before || passedOver.length > 0) {
      events.sensorsSet(set, passedOver);
    }
    const { sshd } = config.sensors;
    const settings = {
      ...sshd,
      maxretry: set.maxretry ?? sshd.maxretry,
      findtimeSeconds: set.findtime ?? sshd.findtimeSeconds,
      bantimeSeconds: set.bantime ?? sshd.bantimeSeconds,
    };
    const sensors = { ...config.sensors, sshd: settings };
    return startDefence({ ...this.#ports, config: { ...config, sensors } });
  }

  #wanted(): ReturnType<typeof permittedOf> {
    const { config, policies } = this.#ports;
    return permittedOf(policies.sensors().sshd ?? {}, config.policy.sshd);
  }
}

const LOOK_EVERY_MS = 60_000;
