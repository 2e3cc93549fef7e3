import type { Block } from "../../model/block.js";
import type { Cidr } from "../../model/cidr.js";
import type { Entry, RulesetChange } from "../../model/ruleset.js";
import { NETLINK_NETFILTER } from "../../netlink/constants.js";
import { NetlinkError } from "../../netlink/error.js";
import { NetlinkSocket } from "../../netlink/socket.js";
import type { BanClock } from "../../runtime/clock.js";
import type { Libc } from "../../runtime/libc.js";
import { Mutex } from "../../runtime/mutex.js";
import type { Differences, Listing } from "../audit.js";
import type { Watcher } from "../disturbance.js";
import {
  CannotEnforce,
  NotEnforced,
  RulesetGone,
  DEFAULT_POSTURE,
  isSamePosture,
  type Enforcer,
  type HitList,
  type KernelState,
  type LoggedPackets,
  type Label,
  type OwnPackets,
  type Posture,
  type Total,
} from "../enforcer.js";
import { commitWithAreas, networksIn } from "./area-index.js";
import { planOf, writeChange } from "./change.js";
import { differencesOf, listed } from "./compare.js";
import { isHeld, isLabelled, type Changed } from "./confirm.js";
import { Counting } from "./counts/counting.js";
import { makeRoom } from "./counts/room.js";
import { probesIn, totalsIn } from "./counts/totals.js";
import type { Area } from "./disturbances.js";
import { dropsOf, inParts } from "./drops.js";
import { faultsOf } from "./inspect.js";
import { withinReach, type KernelFeatures } from "./kernel-features.js";
import {
  KernelTable,
  inWords,
  isAbsent,
  type KernelRuleset,
} from "./kernel-table.js";
import { rebuild } from "./rebuild.js";
import { repairScaffold } from "./repair-scaffold.js";
import { writeRules } from "./rules/rules.js";
import { NFLOG } from "./rules/verdicts.js";
import { removeAll } from "./scaffold.js";
import { replaceAllowed } from "./sets/allow.js";
import { writeLabel } from "./sets/label.js";
import { Watch } from "./watch.js";

/** Drops packets with nftables, over netlink: no `nft` is needed. */
export class NftablesEnforcer implements Enforcer {
  readonly rejects: boolean;
  readonly #libc: Libc;
  readonly #socket: NetlinkSocket;
  readonly #table: KernelTable;
  readonly #abilities: KernelFeatures;
  readonly #clock: BanClock;
  readonly #counting: Counting;
  readonly #oneAtATime = new Mutex();
  /** Spares a change the look at all sets; forgotten when in doubt. */
  #standing: KernelRuleset | undefined;
  /**
   * The kernel took a change and then did not hold it. Its label proves nothing
   * any more, so the ruleset counts as absent until it has been built anew.
   */
  #doubted = false;
  /** How many changes others had made when it was read how the ruleset stands. */
  #others: number | undefined;
  /** How the ruleset stood when it was last known to be whole. */
  #intact: KernelRuleset | undefined;
  #watch: Watch | undefined;
  #lostAreas: Area[] = [];
  /** What wins over every ban; undefined until somebody says. */
  #allowed: readonly Cidr[] | undefined;
  #posture = DEFAULT_POSTURE;

  constructor({ libc, socket, abilities, clock }: NftablesPorts) {
    this.#libc = libc;
    this.#socket = socket;
    this.#abilities = abilities;
    this.rejects = abilities.reject;
    this.#table = new KernelTable(socket, abilities);
    this.#clock = clock;
    this.#counting = new Counting(libc);
  }

  get told(): LoggedPackets | undefined {
    return this.#abilities.log ? NFLOG : undefined;
  }

  read(): Promise<KernelState> {
    return this.#enforcing(() => {
      this.#standing = this.#readStanding();
      if (this.#standing === undefined || this.#doubted) {
        return this.#table.stateWithout();
      }
      this.#intact = this.#standing;
      return { at: "present", ...this.#standing.plate };
    });
  }

  apply(change: RulesetChange): Promise<void> {
    return this.#enforcing(() => {
      const ranges = change.put.length + change.remove.length;
      const apply = () => this.#apply(change);
      return ranges > MOST_HEARD ? this.#unheard(apply) : apply();
    });
  }

  rebuild(
    label: Label,
    entries: AsyncIterable<readonly Block[]>,
  ): Promise<void> {
    return this.#enforcing(async () => {
      const plate = { ...label, posture: this.#posture };
      const means = this.#abilities;
      const order = { label: plate, means, entries, allowed: this.#allowed };
      this.#intact = undefined;
      const { layout, sample } = await this.#unheard(() =>
        rebuild(this.#table, order, this.#clock),
      );
      this.#standing = this.#intact = { layout, plate };
      this.#doubted = false;
      this.#lostAreas = [];
      this.#confirm(this.#standing, { put: sample, remove: [] });
    });
  }

  repairScaffold(): Promise<boolean> {
    return this.#enforcing(() => {
      const standing = this.#intact;
      // Unwatched, the sets may have been emptied as well.
      const knows = this.#watch?.hears === true && !this.#doubted;
      if (standing === undefined || !knows) return false;
      const means = this.#abilities;
      const [allowed, areas] = [this.#allowed, this.#lostAreas];
      const done = repairScaffold(this.#table, {
        standing,
        means,
        allowed,
        areas,
      });
      if (!done) return false;
      this.#lostAreas = [];
      this.#standing = standing;
      this.#confirm(standing, { put: [], remove: [] });
      return true;
    });
  }

  inspect(): Promise<readonly string[]> {
    return this.#enforcing(() => {
      const standing = this.#intact;
      if (standing === undefined) return [];
      const around = { means: this.#abilities, allowed: this.#allowed };
      return faultsOf(this.#table, { standing, ...around });
    });
  }

  compare(
    label: Label,
    entries: readonly Entry[],
  ): Promise<Differences | undefined> {
    return this.#enforcing(() => {
      const standing = (this.#standing ??= this.#table.standing());
      if (standing === undefined) return undefined;
      const { layout, plate } = standing;
      const named = { layout, plate: { ...plate, ...label } };
      if (!isLabelled(this.#table, named)) return undefined;
      const at = { layout, now: this.#clock.now() };
      const differences = differencesOf(this.#table, entries, at);
      // Whoever removes all of it meanwhile has not removed just these.
      return isLabelled(this.#table, named) ? differences : undefined;
    });
  }

  async *listEntries(listing: Listing): AsyncGenerator<readonly Entry[], void> {
    const layout = this.#standing?.layout;
    if (layout === undefined) return;
    using socket = new NetlinkSocket(this.#libc, NETLINK_NETFILTER);
    const now = () => this.#clock.now();
    yield* listed(socket, listing, { layout, now });
  }

  watch(watcher: Watcher): AsyncDisposable {
    const { port } = this.#socket;
    try {
      this.#watch = new Watch({
        libc: this.#libc,
        watcher,
        isOwn: (other) => other === port,
        lost: (areas) => this.#lostAreas.push(...areas),
      });
      return this.#watch;
    } catch (cause) {
      throw new CannotEnforce("the kernel tells nobody of changes", { cause });
    }
  }

  setPosture(wanted: Posture): Promise<void> {
    return this.#enforcing(() => {
      const posture = (this.#posture = withinReach(wanted, this.#abilities));
      const standing = (this.#standing ??= this.#table.standing());
      if (standing === undefined) return; // the next one is built that way
      if (isSamePosture(standing.plate.posture, posture)) return;
      const { layout } = standing;
      const plate = { ...standing.plate, posture };
      this.#table.commit(`${posture.mode}, ${posture.egress} egress`, (w) => {
        writeRules(w, layout, { posture, ...this.#abilities });
        writeLabel(w, plate, layout.generation);
      });
      this.#standing = this.#intact = { layout, plate };
      this.#confirm(this.#standing, { put: [], remove: [] });
    });
  }

  hasBan(cidrs: readonly Cidr[]): Promise<readonly boolean[]> {
    return this.#enforcing(() => this.#dropping(cidrs));
  }

  wouldDrop(addresses: readonly Cidr[]): Promise<readonly boolean[]> {
    return inParts(addresses, (some) =>
      this.#enforcing(() => this.#dropsNow(some)),
    );
  }

  protect(cidrs: readonly Cidr[]): Promise<void> {
    return this.#enforcing(() => {
      this.#allowed = [...cidrs];
      replaceAllowed(this.#table, cidrs);
    });
  }

  hits(): Promise<HitList> {
    return this.#counting.hits();
  }

  totals(): Promise<readonly Total[]> {
    return this.#enforcing(() => totalsIn(this.#table));
  }

  async makeRoom(): Promise<void> {
    const hits = await this.#counting.hits();
    const forget = () => makeRoom(this.#table, hits);
    if (hits.crowded) await this.#enforcing(() => this.#unheard(forget));
  }

  packetCount(packets: OwnPackets): Promise<number> {
    return this.#enforcing(() => probesIn(this.#table, packets));
  }

  cleanUp(): Promise<void> {
    return this.#enforcing(() => {
      this.#standing = this.#intact = undefined;
      removeAll(this.#table);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#oneAtATime.run(() => Promise.resolve());
    this.#socket[Symbol.dispose]();
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
        throw new NotEnforced(inWords(cause), { cause });
      }
    });
  }

  #apply(change: RulesetChange): void {
    const { layout, plate } = this.#expectStanding();
    const plan = planOf(change, layout, this.#clock.now());
    const next = { ...plate, revision: change.revision };
    const networks = networksIn(plan.put);
    const noted = { networks, generation: layout.generation };
    commitWithAreas(
      this.#table,
      `apply revision ${next.revision}`,
      noted,
      (w) => {
        writeChange(w, plan, next, this.#abilities);
      },
    );
    this.#standing = this.#intact = { layout: plan.layout, plate: next };
    this.#confirm(this.#standing, plan);
  }

  /** Which of these ranges have an entry that drops. */
  #dropping(cidrs: readonly Cidr[]): readonly boolean[] {
    this.#standing ??= this.#table.standing();
    if (this.#standing === undefined) return cidrs.map(() => false);
    const places = cidrs.map((cidr) => ({ kind: "ban" as const, cidr }));
    return this.#table.holds(places, this.#standing.layout);
  }

  #dropsNow(addresses: readonly Cidr[]): readonly boolean[] {
    const { layout, plate } = (this.#standing ??= this.#table.standing()) ?? {};
    if (layout === undefined || plate?.posture.mode !== "enforce") {
      return addresses.map(() => false);
    }
    return dropsOf(addresses, {
      lengths: layout.lengths.ban,
      allowed: this.#allowed ?? [],
      holds: (ranges) => this.#dropping(ranges),
    });
  }

  /** The ruleset's own number tells whether others changed anything meanwhile. */
  #unheard<T>(task: () => T | Promise<T>): T | Promise<T> {
    const others = () => this.#table.changesByOthers();
    return this.#watch ? this.#watch.whileUnsubscribed(task, others) : task();
  }

  /** Asked anew only where somebody else has changed anything since. */
  #readStanding(): KernelRuleset | undefined {
    const others = this.#table.changesByOthers();
    const isKnown = this.#standing !== undefined && others === this.#others;
    this.#others = others;
    return isKnown ? this.#standing : this.#table.standing();
  }

  #expectStanding(): KernelRuleset {
    this.#standing ??= this.#table.standing();
    if (this.#standing === undefined) throw new RulesetGone(GONE);
    return this.#standing;
  }

  /** Believes only what the kernel says. */
  #confirm(standing: KernelRuleset, changed: Changed): void {
    if (isHeld(this.#table, standing, changed, this.#clock.now())) return;
    this.#doubted = true;
    throw new NotEnforced(
      `the kernel took revision ${standing.plate.revision}, but does not hold it`,
    );
  }
}

/** What an enforcer is made of; it owns the socket. */
export interface NftablesPorts {
  readonly libc: Libc;
  readonly socket: NetlinkSocket;
  readonly abilities: KernelFeatures;
  readonly clock: BanClock;
}

const GONE = "the ruleset is no longer in the kernel";

/** The kernel tells a listener of every element, and drops what it can't take. */
const MOST_HEARD = 256;
