import type { FeedName } from "../../agent/model/position.js";
import { parseCidr } from "../../agent/model/cidr.js";
import type { Clock } from "../../agent/runtime/clock.js";
import type { BanOrders } from "../decide/ban-orders.js";
import type { Decision, Terms } from "../decide/deeds.js";
import type { ImportOrders } from "../decide/import-orders.js";
import type { LiftOrders } from "../decide/lift-orders.js";
import type { Watch } from "../decide/order-ports.js";
import { NotOpen } from "../decide/settling.js";
import { CannotUndo, type UndoOrders } from "../decide/undo-orders.js";
import type { FeedIndex } from "../feeds/feed-index.js";
import type { ProposalSettled } from "../journal/decision-events.js";
import type {
  Danger,
  ProposedBan,
  ProposedChange,
  ProposedImport,
  ProposedLift,
  ProposedOrder,
  ProposedUndo,
} from "../journal/two-person-events.js";
import type { RangeStore } from "../lists/range-store.js";
import type { Caller } from "../operators/caller.js";
import type { ChangeKinds } from "./changes.js";
import type { ListFiles } from "./list-files.js";
import type { Others } from "./others.js";
import type { ProposedOrders, WaitingOrder } from "./proposed-orders.js";
import { SamePerson } from "./refusals.js";

/** An import whose ranges are yet to lie in a file. */
export interface UnfiledImport extends Omit<
  ProposedImport,
  "ranges" | "bytes" | "sha256"
> {
  readonly store: RangeStore;
}

export interface ProposingPorts {
  readonly clock: Pick<Clock, "every">;
  readonly orders: ProposedOrders;
  readonly files: ListFiles;
  readonly others: Pick<Others, "isSame">;
  readonly index: Pick<FeedIndex, "standing">;
  readonly bans: Pick<BanOrders, "ban">;
  readonly lifts: Pick<LiftOrders, "lift">;
  readonly imports: Pick<ImportOrders, "import">;
  readonly undos: Pick<UndoOrders, "undo">;
  readonly changes: ChangeKinds;
}

/** What somebody else says to a proposed order, and where. */
export interface Release {
  readonly caller: Caller;
  readonly id: string;
  readonly reason: string;
  /** Throws where what the order needs is not so any more. */
  mustStand(order: ProposedOrder): void;
}

/**
 * Puts orders before a second person, and carries out what that one releases: the
 * very order, by who proposed it. Only whether it can be is looked at again.
 */
export class Proposing implements Disposable {
  readonly #ports: ProposingPorts;
  readonly #timer: Disposable;

  constructor(ports: ProposingPorts) {
    this.#ports = ports;
    this.#sweep();
    this.#timer = ports.clock.every(SWEEP_EVERY_MS, () => this.#sweep());
  }

  /** @throws NoShareLeft, NoRoom */
  async propose(
    { operator, name: by, org }: Caller,
    order:
      | ProposedBan
      | ProposedLift
      | ProposedUndo
      | ProposedChange
      | UnfiledImport,
    dangers: readonly Danger[],
  ): Promise<WaitingOrder> {
    const { orders, files } = this.#ports;
    const proposal = orders.newProposal();
    const who = { proposal, dangers, operator, by, org };
    if (!("store" in order)) return await orders.propose({ ...who, order });
    const { store, ...rest } = order;
    using coming = orders.coming(proposal, operator);
    const mayHave = (bytes: number) => coming.has(bytes);
    using file = await files.write(proposal, store, mayHave);
    const { bytes, sha256 } = file;
    const filed = { ...rest, ranges: store.size, bytes, sha256 };
    try {
      return await orders.propose({ ...who, order: filed });
    } catch (error) {
      if (orders.order(proposal) === undefined) files.remove(proposal);
      throw error;
    }
  }

  /**
   * What was decided; none where nothing changed meanwhile.
   * @throws NotOpen, SamePerson, FeedFull, and what `mustStand` throws
   */
  async release(release: Release): Promise<readonly Decision[]> {
    const { orders, others } = this.#ports;
    const { caller, id, reason } = release;
    using open = orders.settling.take(id);
    const { proposal: waiting } = open;
    if (others.isSame(caller.operator, waiting.operator)) {
      throw new SamePerson(
        `${caller.name} proposed ${id}: somebody else releases it`,
      );
    }
    const order = orders.orderOf(waiting);
    this.#mustHaveFeeds(order);
    release.mustStand(order);
    const common = { proposal: id, by: caller.name, reason } as const;
    const settled = { ...common, verdict: "released" } as const;
    if (order.action === "change") {
      await this.#change(order, waiting, settled);
      return [];
    }
    const decisions = await orders.settling.release(
      ...([settled, feedsOf(order)] as const),
      (watch) => this.#carryOut(order, waiting, watch),
    );
    this.#ports.files.remove(id);
    return decisions;
  }

  /** @throws NotOpen */
  async refuse(
    { name: by }: Caller,
    proposal: string,
    reason: string,
  ): Promise<void> {
    const { orders, files } = this.#ports;
    using _open = orders.settling.take(proposal);
    await orders.settling.settle({ proposal, verdict: "refused", by, reason });
    files.remove(proposal);
  }

  /** What an order is of, at most so many; once it is over, the first few. */
  async rangesOf(
    waiting: WaitingOrder,
    most: number,
  ): Promise<readonly string[]> {
    const { orders, files } = this.#ports;
    const order = orders.orderOf(waiting);
    const { id, few } = waiting;
    if (order.action === "change") return [];
    if (order.action !== "import") {
      return typeof order.ranges === "number" ? few : order.ranges;
    }
    if (!orders.open().includes(id)) return [];
    return files.first(id, most);
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]();
  }

  /** @throws NotOpen, and what its kind throws */
  async #change(
    change: ProposedChange,
    waiting: WaitingOrder,
    settled: Omit<ProposalSettled, "kind">,
  ): Promise<void> {
    const kind = this.#ports.changes.get(change.of);
    if (kind === undefined) {
      throw new NotOpen(`nobody here changes ${change.of}`);
    }
    const event = { kind: "proposal-settled", ...settled } as const;
    await kind.carryOut(change, waiting, [event]);
  }

  async #carryOut(
    order: Exclude<ProposedOrder, ProposedChange>,
    { id, by }: WaitingOrder,
    watch: Watch,
  ): Promise<readonly Decision[]> {
    const { bans, lifts } = this.#ports;
    if (order.action === "import")
      return this.#import(order, { id, by }, watch);
    if (order.action === "undo") return this.#undo(order, by, watch);
    const ranges = order.ranges.map(parseCidr);
    if (order.action === "lift") {
      const { feeds, within, reason } = order;
      const wish = { by, feeds, ranges, within, reason, dryRun: false, watch };
      return (await lifts.lift(wish)).decisions;
    }
    const { feed, replace, waits } = order;
    const terms = { ...termsOf(order), waits };
    const manner = { replace, dryRun: false, watch };
    const { decision } = await bans.ban({ feed, by }, ranges, terms, manner);
    return decision ? [decision] : [];
  }

  async #import(
    order: ProposedImport,
    { id, by }: Pick<WaitingOrder, "id" | "by">,
    watch: Watch,
  ): Promise<readonly Decision[]> {
    const { files, imports } = this.#ports;
    const { feed, list, replace } = order;
    const ranges = await files.read(id, order);
    const terms = termsOf(order);
    const manner = { list, replace, dryRun: false, judge: NOTHING, watch };
    const mandate = { feed, by };
    const done = await imports.import(mandate, ranges, terms, manner);
    return done.decision ? [done.decision] : [];
  }

  /** @throws NotOpen where the decision is not to be undone any more */
  async #undo(
    { undoes, reason, wrong }: ProposedUndo,
    by: string,
    watch: Watch,
  ): Promise<readonly Decision[]> {
    const judged = { ...watch, sees: NOTHING };
    const wish = { undoes, by, reason, wrong, dryRun: false, watch: judged };
    try {
      const { decision } = await this.#ports.undos.undo(wish);
      return decision ? [decision] : [];
    } catch (error) {
      if (!(error instanceof CannotUndo)) throw error;
      throw new NotOpen(error.message);
    }
  }

  /** @throws NotOpen */
  #mustHaveFeeds(order: ProposedOrder): void {
    const gone = feedsOf(order).find(
      (feed) => !this.#ports.index.standing(feed),
    );
    if (gone !== undefined) throw new NotOpen(`there is no feed ${gone} now`);
  }

  #sweep(): void {
    this.#ports.files.sweep(this.#ports.orders.open());
  }
}

const termsOf = ({
  lasts,
  reason,
  observed,
  atOnce,
}: ProposedBan | ProposedImport): Terms => ({
  ...{ forSeconds: lasts ?? undefined, reason, observed, atOnce },
});

const NOTHING = (): void => undefined;

function feedsOf(order: ProposedOrder): readonly FeedName[] {
  if (order.action === "change") return [];
  return order.action === "lift" ? order.feeds : [order.feed];
}

const SWEEP_EVERY_MS = 60_000;
