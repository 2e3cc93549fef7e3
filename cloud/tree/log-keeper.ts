import type { Logger } from "../../agent/log/logger.js";
import type { Clock } from "../../agent/runtime/clock.js";
import { fingerprintOf } from "../../agent/trust/root.js";
import type { DecisionEvent } from "../journal/decision-events.js";
import type { Decisions } from "../journal/decisions.js";
import { JournalConflict } from "../journal/failures.js";
import { MOST_DIGESTED, type Observations } from "../journal/observations.js";
import type { Signing } from "../roots/signing.js";
import { logBegun } from "./log-begun.js";
import type { TreeState } from "./messages.js";
import { signTreeHead } from "./tree-heads.js";
import type { TreeWorker } from "./tree-worker.js";

export interface LogKeeperPorts {
  readonly tree: Pick<TreeWorker, "ask">;
  readonly decisions: Pick<Decisions, "append" | "level">;
  readonly observations: Pick<Observations, "subscribe" | "level">;
  readonly signing: Pick<Signing, "logKeys" | "version" | "text">;
  readonly cloudName: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A signed head, and that it grew from what was asked about. */
export interface ShownHead {
  readonly note: string;
  readonly proof: readonly Uint8Array[];
}

/**
 * Keeps the log: brings what agents said into it by digest, tells it of roots, and
 * signs where it stands. All that it writes down is as of the tree that it saw.
 */
export class LogKeeper implements AsyncDisposable {
  readonly #ports: LogKeeperPorts;
  readonly #timer: Disposable;
  readonly #subscription: Disposable;
  /** Observations since the last digest, as far as this process saw. */
  #waiting = 0;
  #running: Promise<void> | undefined;
  #closed = false;
  #signed:
    | { readonly note: string; readonly at: number; readonly size: number }
    | undefined;

  constructor(ports: LogKeeperPorts) {
    this.#ports = ports;
    this.#timer = ports.clock.every(KEEP_EVERY_MS, () => this.#hurry());
    this.#subscription = ports.observations.subscribe((news) => {
      this.#waiting += news.length;
      if (this.#waiting >= MOST_DIGESTED) this.#hurry();
    });
    this.#run(() => this.keep());
  }

  /** Where the log stands now; undefined while nobody may sign for it. */
  async head(from: number): Promise<ShownHead | undefined> {
    if (this.#ports.signing.logKeys.length === 0) return undefined;
    const { proof, ...state } = await this.#ports.tree.ask({
      ask: "growth",
      from,
    });
    const note = this.#note(state);
    return note === undefined ? undefined : { note, proof };
  }

  /**
   * Takes in all that can be by now: a digest, then the next, until none is left.
   * Whoever is overtaken looks again; what is left waits for the next time.
   */
  async keep(): Promise<void> {
    for (let turn = 0; turn < MOST_TURNS && !this.#closed; turn += 1) {
      const { state, digest } = await this.#ports.tree.ask({ ask: "digest" });
      const events = [...this.#due(state), ...(digest ? [digest] : [])];
      this.#waiting = 0;
      if (events.length === 0) return;
      await this.#append(events, state.facts.seq);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#timer[Symbol.dispose]();
    this.#subscription[Symbol.dispose]();
    await this.#running;
  }

  /** What the log should tell of and does not: its own beginning, and roots. */
  #due({ facts }: TreeState): readonly DecisionEvent[] {
    const { signing } = this.#ports;
    const versions = Array.from(
      { length: Math.max(0, signing.version - facts.root) },
      (_, n) => facts.root + 1 + n,
    );
    const roots = versions.flatMap((version): readonly DecisionEvent[] => {
      const text = signing.text(version);
      if (text === undefined) return [];
      const fingerprint = fingerprintOf(text);
      const by = text.signatures.map(({ key }) => key).join(", ");
      return [{ kind: "root-published", version, fingerprint, text, by }];
    });
    return facts.log === null ? [logBegun(), ...roots] : roots;
  }

  async #append(events: readonly DecisionEvent[], expectedLast: number) {
    try {
      await this.#ports.decisions.append(events, expectedLast);
    } catch (error) {
      if (!(error instanceof JournalConflict)) throw error;
    }
  }

  #hurry(): void {
    if (this.#running === undefined) this.#run(() => this.keep());
  }

  /** What fails is tried again with the next turn. */
  #run(act: () => Promise<void>): void {
    this.#running = act()
      .catch((error: unknown) => {
        if (this.#closed) return;
        this.#ports.log.warn("the log takes nothing in for now", { error });
      })
      .finally(() => (this.#running = undefined));
  }

  #note(state: TreeState): string | undefined {
    const { signing, cloudName, clock } = this.#ports;
    const now = clock.now();
    const last = this.#signed;
    if (last?.size === state.size && now - last.at < SIGN_AGAIN_MS) {
      return last.note;
    }
    const signer = { cloudName, keys: signing.logKeys, clock };
    const note = signTreeHead(state, signer);
    if (note !== undefined) this.#signed = { note, at: now, size: state.size };
    return note;
  }
}

/** Observations are in the tree within so long. */
const KEEP_EVERY_MS = 60_000;

/** Digests in a row: a million observations that were there before take 250. */
const MOST_TURNS = 512;

/** How old the time of a head may be that is handed out again. */
const SIGN_AGAIN_MS = 30_000;
