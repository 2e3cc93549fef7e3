import { parseCidr } from "../../agent/model/cidr.js";
import { output } from "../lab/run.js";
import type { Stage } from "./stage.js";

/** How an honest customer and an operator fared meanwhile. */
export interface Served {
  /** Bans that were ordered, in force on the honest host, and lifted again. */
  readonly done: number;
  readonly slowestMs: number;
  /** What did not come about, in words. */
  readonly failures: readonly string[];
}

/**
 * Orders bans and lifts at the cloud, the way an operator does, for as long as it
 * lasts, and looks into the honest host's kernel for each. Where the attacker is
 * the cloud, the host's own operator releases ranges and ends that again.
 */
export class Honest {
  readonly #stage: Stage;
  readonly #limitMs: number;
  readonly #loop: Promise<void>;
  #stopped = false;
  #done = 0;
  #slowestMs = 0;
  readonly #failures: string[] = [];

  constructor(stage: Stage, limitMs: number) {
    this.#stage = stage;
    this.#limitMs = limitMs;
    this.#loop = this.#serve();
  }

  async stop(): Promise<Served> {
    this.#stopped = true;
    await this.#loop;
    const { length } = this.#failures;
    const failures =
      length > MOST_TOLD ? this.#failures.slice(0, MOST_TOLD) : this.#failures;
    return { done: this.#done, slowestMs: this.#slowestMs, failures };
  }

  async #serve(): Promise<void> {
    for (let i = 0; !this.#stopped; i++) {
      const range = `203.0.113.${i % 250}`;
      if (this.#stage.honestCloud === undefined) {
        await this.#say("release", range, "--for", "1h", "--reason", "siege");
        await this.#say("release", range, "--undo");
      } else {
        await this.#order(["ban", range, "--for", "1h"], range, true);
        await this.#order(["lift", range], range, false);
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  /** What the host's operator orders; it is done once the command ends well. */
  async #say(...command: readonly string[]): Promise<void> {
    const start = performance.now();
    try {
      await this.#stage.order(...command);
      this.#doneAfter(performance.now() - start);
    } catch (error) {
      this.#failed(command.join(" "), error);
    }
  }

  #doneAfter(ms: number): void {
    this.#done++;
    this.#slowestMs = Math.max(this.#slowestMs, ms);
    if (ms > this.#limitMs) {
      this.#failures.push(`an order took ${ms.toFixed(0)} ms`);
    }
  }

  #failed(what: string, error: unknown): void {
    const [why = ""] = (error as Error).message.split("\n");
    this.#failures.push(`${what}: ${why}`);
  }

  async #order(
    command: readonly string[],
    range: string,
    wanted: boolean,
  ): Promise<void> {
    const what = command.slice(0, 2).join(" ");
    const start = performance.now();
    try {
      const { cloud } = this.#stage;
      const trust = `NODE_EXTRA_CA_CERTS=${cloud.certificate?.cert ?? ""}`;
      await output(["env", trust, CLOUD, ...command, "--dir", cloud.dir]);
      await this.#seen(range, wanted, start);
      this.#doneAfter(performance.now() - start);
    } catch (error) {
      this.#failed(what, error);
    }
  }

  async #seen(range: string, wanted: boolean, start: number): Promise<void> {
    const { enforcer } = this.#stage;
    for (;;) {
      await enforcer.read(); // sets may have come since it last looked
      const [held] = await enforcer.hasBan([parseCidr(range)]);
      if (held === wanted) return;
      if (performance.now() - start > this.#limitMs) {
        throw new Error(
          `${wanted ? "not in" : "still in"} force after ${this.#limitMs} ms`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

const PAUSE_MS = 1_000;
const MOST_TOLD = 5;
const CLOUD = new URL("../../../cloud/tourniquet-cloud", import.meta.url)
  .pathname;
