import { permittedOf } from "../../config/policy-sensors.js";
import type { AgentEvents } from "../../events/events.js";
import type { PolicyStore } from "../../keyring/policy-store.js";
import {
  startDefence,
  type DefencePorts,
  type DefenceTerms,
  type Sensing,
} from "./defence.js";

export interface PolicyDefencePorts extends DefencePorts {
  readonly policies: Pick<PolicyStore, "sensors" | "onChanged">;
  readonly events: DefencePorts["events"] & Pick<AgentEvents, "sensorsSet">;
}

/**
 * The host's defence, with its sensors set as the customer's policy has them, within
 * what the host's own file permits. Failures that were counted, and who was banned
 * before, stay known over a change: whoever publishes often would else switch the
 * defence off.
 */
export class PolicyDefence implements Sensing, AsyncDisposable {
  readonly #ports: PolicyDefencePorts;
  readonly #tick: Disposable;
  readonly #running: Sensing & AsyncDisposable;
  #terms: DefenceTerms;
  /** What was told of last. */
  #told = JSON.stringify([{}, []]);

  constructor(ports: PolicyDefencePorts) {
    this.#ports = ports;
    this.#terms = ports.config.sensors.sshd;
    this.#follow();
    this.#running = startDefence(ports, () => this.#terms);
    ports.policies.onChanged(() => this.#follow());
    // It may run out.
    this.#tick = ports.clock.every(LOOK_EVERY_MS, () => this.#follow());
  }

  view(): ReturnType<Sensing["view"]> {
    return this.#running.view();
  }

  findings(): ReturnType<Sensing["findings"]> {
    return this.#running.findings();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#tick[Symbol.dispose]();
    await this.#running[Symbol.asyncDispose]();
  }

  #follow(): void {
    const { config, events, policies } = this.#ports;
    const { sshd } = config.sensors;
    const wanted = policies.sensors().sshd ?? {};
    const { set, passedOver } = permittedOf(wanted, config.policy.sshd);
    this.#terms = {
      maxretry: set.maxretry ?? sshd.maxretry,
      findtimeSeconds: set.findtime ?? sshd.findtimeSeconds,
      bantimeSeconds: set.bantime ?? sshd.bantimeSeconds,
    };
    const news = JSON.stringify([set, passedOver]);
    if (news === this.#told) return;
    this.#told = news;
    events.sensorsSet(set, passedOver);
  }
}

const LOOK_EVERY_MS = 60_000;
