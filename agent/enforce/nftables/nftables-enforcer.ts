import type { Clock } from "../../clock.js";
import type { Libc } from "../../libc.js";
import type { Cidr } from "../../model/cidr.js";
import type { Entry, RulesetChange } from "../../model/ruleset.js";
import { Mutex } from "../../mutex.js";
import { NETLINK_NETFILTER } from "../../netlink/constants.js";
import { NetlinkError } from "../../netlink/error.js";
import { addTable, deleteTable } from "../../netlink/nftables/messages.js";
import {
  MOST_ATTEMPTS,
  NetlinkSocket,
  isInterrupted,
} from "../../netlink/socket.js";
import {
  NotEnforced,
  RulesetGone,
  type Enforcer,
  type Hit,
  type KernelState,
  type Label,
} from "../enforcer.js";
import { writeAllowed } from "./allow.js";
import { planOf, writeChange } from "./change.js";
import { remainingMs } from "./elements.js";
import { listHits } from "./hits.js";
import {
  KernelTable,
  isAbsent,
  isFound,
  type Standing,
} from "./kernel-table.js";
import { askForLabel } from "./label.js";
import { TABLE } from "./layout.js";
import { rebuild } from "./rebuild.js";

/** Drops packets with nftables, over netlink: no `nft` is needed. */
export class NftablesEnforcer implements Enforcer {
  readonly #libc: Libc;
  readonly #socket: NetlinkSocket;
  readonly #table: KernelTable;
  readonly #clock: Clock;
  readonly #oneAtATime = new Mutex();
  /** Spares a change the look at all sets; forgotten when in doubt. */
  #standing: Standing | undefined;
  /**
   * The kernel took a change and then did not hold it. Its label proves nothing
   * any more, so the ruleset counts as absent until it has been built anew.
   */
  #doubted = false;
  /** What wins over every ban; undefined until somebody says. */
  #allowed: readonly Cidr[] | undefined;

  /** Owns the socket. */
  constructor(libc: Libc, socket: NetlinkSocket, clock: Clock) {
    this.#libc = libc;
    this.#socket = socket;
    this.#table = new KernelTable(socket);
    this.#clock = clock;
  }

  read(): Promise<KernelState> {
    return this.#enforcing(() => {
      this.#standing = this.#table.standing();
      if (this.#standing === undefined || this.#doubted) {
        return { at: "absent" };
      }
      return { at: "present", ...this.#standing.label };
    });
  }

  apply(change: RulesetChange): Promise<void> {
    return this.#enforcing(() => {
      const { layout, label } = this.#expectStanding();
      const plan = planOf(change, layout, this.#clock.now());
      const next = { ...label, revision: change.revision };
      this.#table.commit(`apply revision ${next.revision}`, (w) => {
        writeChange(w, plan, next);
      });
      this.#standing = { layout: plan.layout, label: next };
      this.#confirm(this.#standing, plan);
    });
  }

  rebuild(
    label: Label,
    entries: AsyncIterable<readonly Entry[]>,
  ): Promise<void> {
    return this.#enforcing(async () => {
      const order = { label, entries, allowed: this.#allowed };
      const { layout, sample } = await rebuild(this.#table, order, this.#clock);
      this.#standing = { layout, label };
      this.#doubted = false;
      this.#confirm(this.#standing, { put: sample, remove: [] });
    });
  }

  holds(cidrs: readonly Cidr[]): Promise<readonly boolean[]> {
    return this.#enforcing(() => {
      this.#standing ??= this.#table.standing();
      if (this.#standing === undefined) return cidrs.map(() => false);
      return this.#table.holds(cidrs, this.#standing.layout);
    });
  }

  protect(cidrs: readonly Cidr[]): Promise<void> {
    return this.#enforcing(() => {
      this.#allowed = [...cidrs];
      try {
        this.#table.commit("protect addresses", (w) => writeAllowed(w, cidrs));
      } catch (error) {
        // There is no ruleset yet; the next one is built with them.
        if (!isAbsent(error)) throw error;
      }
    });
  }

  async hits(): Promise<readonly Hit[]> {
    for (let attempt = 1; ; attempt++) {
      using socket = new NetlinkSocket(this.#libc, NETLINK_NETFILTER);
      try {
        return await listHits(socket);
      } catch (error) {
        if (isAbsent(error)) return [];
        if (!isInterrupted(error) || attempt === MOST_ATTEMPTS) throw error;
      }
    }
  }

  cleanUp(): Promise<void> {
    return this.#enforcing(() => {
      this.#standing = undefined;
      this.#table.commit("clean up", (w) => {
        addTable(w, TABLE); // so that there is something to delete
        deleteTable(w, TABLE);
      });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#oneAtATime.run(async () => {
      this.#socket[Symbol.dispose]();
      return Promise.resolve();
    });
  }

  /** Runs one task at a time, and says in our words why one failed. */
  #enforcing<T>(task: () => T | Promise<T>): Promise<T> {
    return this.#oneAtATime.run(async () => {
      try {
        return await task();
      } catch (cause) {
        this.#standing = undefined;
        if (isAbsent(cause)) throw new RulesetGone(GONE, { cause });
        if (!(cause instanceof NetlinkError)) throw cause;
        throw new NotEnforced(cause.message, { cause });
      }
    });
  }

  #expectStanding(): Standing {
    this.#standing ??= this.#table.standing();
    if (this.#standing === undefined) throw new RulesetGone(GONE);
    return this.#standing;
  }

  /** Believes only what the kernel says: the label, and some of the ranges. */
  #confirm({ layout, label }: Standing, { put, remove }: Changed): void {
    const soon = this.#clock.now() + TOO_SHORT_TO_CONFIRM_MS;
    const lasting = put.filter((entry) => remainingMs(entry, soon) > 0);
    const there = sampleOf(lasting).map(({ cidr }) => cidr);
    const gone = sampleOf(remove);
    const labels = this.#table.ask("read the label back", (w) =>
      askForLabel(w, label, layout.generation),
    );
    const held = this.#table.holds([...there, ...gone], layout);
    const asWanted = held.every((holds, i) => holds === i < there.length);
    if (!labels.every(isFound) || !asWanted) {
      this.#doubted = true;
      throw new NotEnforced(
        `the kernel took revision ${label.revision}, but does not hold it`,
      );
    }
  }
}

/** What to look for: ranges that must be there, and that must not. */
interface Changed {
  readonly put: readonly Entry[];
  readonly remove: readonly Cidr[];
}

const GONE = "the ruleset is no longer in the kernel";

/** At most 32 of the items, spread evenly. */
function sampleOf<T>(items: readonly T[]): readonly T[] {
  const step = Math.max(1, Math.ceil(items.length / MOST_CONFIRMED));
  return items.filter((_, i) => i % step === 0);
}

/** Enough to see that a batch is in; more would cost as much as the batch. */
const MOST_CONFIRMED = 32;

/** A ban may expire between the batch and the look at it. */
const TOO_SHORT_TO_CONFIRM_MS = 1_000;
