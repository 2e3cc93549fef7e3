import { entriesIn, type Block } from "../../model/block.js";
import { formatCidr, type Cidr } from "../../model/cidr.js";
import type { Hit, Total } from "../../model/hit.js";
import type { Entry, RulesetChange } from "../../model/ruleset.js";
import type { UnixSeconds } from "../../runtime/clock.js";
import type { BanClock } from "../../runtime/clock.js";
import {
  RulesetGone,
  DEFAULT_POSTURE,
  type Differences,
  type Enforcer,
  type HitList,
  type KernelState,
  type Label,
  type Posture,
} from "../enforcer.js";

/**
 * Takes everything in and drops no packet: to watch what the agent would do.
 *
 * It remembers the label and the latest 65,536 decisions, so that a million
 * bans do not fill the heap. Of ranges it has forgotten it says that they are
 * held: to call them lost would have them put again without end.
 */
export class DryRunEnforcer implements Enforcer {
  readonly rejects = true;
  readonly told = undefined;
  readonly #clock: BanClock;
  #label: Label | undefined;
  #posture = DEFAULT_POSTURE;
  #decisions = new Decisions();

  constructor(clock: BanClock) {
    this.#clock = clock;
  }

  read(): Promise<KernelState> {
    const posture = this.#posture;
    return Promise.resolve(
      this.#label
        ? { at: "present", ...this.#label, posture }
        : { at: "absent" },
    );
  }

  apply(change: RulesetChange): Promise<void> {
    if (this.#label === undefined) {
      return Promise.reject(new RulesetGone("no ruleset was built yet"));
    }
    for (const cidr of change.remove) this.#decisions.remove(cidr);
    for (const entry of change.put) this.#decisions.put(entry);
    this.#label = { ...this.#label, revision: change.revision };
    return Promise.resolve();
  }

  async rebuild(
    label: Label,
    entries: AsyncIterable<readonly Block[]>,
  ): Promise<void> {
    const fresh = new Decisions();
    for await (const slice of entries) {
      for (const block of slice) {
        for (const entry of entriesIn(block)) fresh.put(entry);
      }
    }
    this.#decisions = fresh;
    this.#label = label;
  }

  setPosture(posture: Posture): Promise<void> {
    this.#posture = posture;
    return Promise.resolve();
  }

  /** Whatever it holds, it drops nothing. */
  wouldDrop(addresses: readonly Cidr[]): Promise<readonly boolean[]> {
    return Promise.resolve(addresses.map(() => false));
  }

  hasBan(cidrs: readonly Cidr[]): Promise<readonly boolean[]> {
    const now = this.#clock.now();
    return Promise.resolve(
      cidrs.map((cidr) => this.#decisions.expiryOf(cidr) * 1000 > now),
    );
  }

  protect(): Promise<void> {
    return Promise.resolve();
  }

  /** Nobody can disturb what is not there. */
  repairScaffold(): Promise<boolean> {
    return Promise.resolve(this.#label !== undefined);
  }

  inspect(): Promise<readonly string[]> {
    return Promise.resolve([]);
  }

  async compare(
    _label: Label,
    entries: readonly Entry[],
  ): Promise<Differences | undefined> {
    const cidrs = entries.map(({ cidr }) => cidr);
    const held = await this.hasBan(cidrs);
    return { missing: cidrs.filter((_, i) => !held[i]), misdated: [] };
  }

  async *listEntries(): AsyncGenerator<readonly Entry[], void> {
    // Nothing is kept in a form that could be listed.
  }

  watch(): AsyncDisposable {
    return { [Symbol.asyncDispose]: () => Promise.resolve() };
  }

  hits(): Promise<HitList> {
    return Promise.resolve(NO_HITS);
  }

  totals(): Promise<readonly Total[]> {
    return Promise.resolve([]);
  }

  makeRoom(): Promise<void> {
    return Promise.resolve();
  }

  packetCount(): Promise<number> {
    return Promise.resolve(0);
  }

  cleanUp(): Promise<void> {
    this.#label = undefined;
    this.#decisions = new Decisions();
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}

const NO_HITS: HitList = {
  crowded: false,
  async *[Symbol.asyncIterator](): AsyncGenerator<readonly Hit[], void> {
    // Nothing is counted.
  },
};

/** The latest decisions on ranges; the oldest is forgotten first. */
class Decisions {
  readonly #expiries = new Map<string, number>();
  #hasForgotten = false;

  put({ cidr, expiresAt }: Entry): void {
    this.#remember(cidr, expiresAt);
  }

  remove(cidr: Cidr): void {
    this.#remember(cidr, LIFTED);
  }

  /** Unix seconds; past for what is not held. */
  expiryOf(cidr: Cidr): number {
    const unknown = this.#hasForgotten ? Infinity : LIFTED;
    return this.#expiries.get(formatCidr(cidr)) ?? unknown;
  }

  #remember(cidr: Cidr, expiresAt: UnixSeconds): void {
    const key = formatCidr(cidr);
    this.#expiries.delete(key);
    this.#expiries.set(key, expiresAt);
    if (this.#expiries.size <= MOST_REMEMBERED) return;
    const [oldest] = this.#expiries.keys();
    if (oldest !== undefined) this.#expiries.delete(oldest);
    this.#hasForgotten = true;
  }
}

const LIFTED = 0;

/** A few megabytes. */
const MOST_REMEMBERED = 65_536;
