import { readFileSync } from "node:fs";
import type { StatusView } from "../../service/control/status-view.js";
import { until } from "../lab/run.js";
import { SOURCE, type Ended, type Machine } from "./machine.js";
import { answers, ATTACKER } from "./network.js";
import type { Teller } from "./teller.js";
import type { Vendor } from "./vendor.js";

/** The machine, the cloud outside of it, and what both are asked again and again. */
export class Stage {
  constructor(
    readonly machine: Machine,
    readonly vendor: Vendor,
    readonly teller: Teller,
  ) {}

  /** Hands the machine a fresh token and the cloud's authority. */
  async handOver(): Promise<void> {
    const token = await this.vendor.order("token", "--org", "acme");
    const pem = readFileSync(this.vendor.authority, "utf8");
    await this.machine.must(
      `mkdir -p /run/lab; umask 077
      echo '${token}' > /run/lab/token; echo '${pem}' > /run/lab/ca.pem`,
    );
  }

  get installCommand(): string {
    return `${INSTALLER} --cloud ${this.vendor.url} --token-file /run/lab/token --ca /run/lab/ca.pem`;
  }

  install(...options: readonly string[]): Promise<Ended> {
    return this.machine.run([this.installCommand, ...options].join(" "));
  }

  uninstall(): Promise<Ended> {
    return this.machine.run(`${INSTALLER} uninstall`);
  }

  async status(): Promise<StatusView> {
    const text = await this.machine.must("tourniquet status --json");
    return JSON.parse(text) as StatusView;
  }

  /** A property of a unit, as `systemctl show` prints it. */
  async property(unit: string, name: string): Promise<string> {
    const show = `systemctl show --property=${name} --value ${unit}`;
    return (await this.machine.must(show)).trim();
  }

  /** Waits until the attacker is, or is not, answered. */
  async untilAnswered(answered: boolean, mostMs = 20_000): Promise<void> {
    const what = answered ? "the attacker is answered" : "it is dropped";
    await until(
      what,
      async () => ((await answers(ATTACKER)) === answered ? true : undefined),
      mostMs,
    );
  }
}

const INSTALLER = `${SOURCE}/installer/install.sh`;
