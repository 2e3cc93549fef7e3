import type { Block } from "../../model/block.js";
import type { Cidr } from "../../model/cidr.js";
import type { Total } from "../../model/hit.js";
import type { LoggedPackets } from "../../model/logged-packets.js";
import type { Entry, RulesetChange } from "../../model/ruleset.js";
import { NETLINK_NETFILTER } from "../../netlink/constants.js";
import { NetlinkError } from "../../netlink/error.js";
import { NetlinkSocket } from "../../netlink/socket.js";
import type { BanClock } from "../../runtime/clock.js";
import type { Libc } from "../../runtime/libc.js";
import { Mutex } from "../../runtime/mutex.js";
import type { Watcher } from "../disturbance.js";
import {
  CannotEnforce,
  NotEnforced,
  RulesetGone,
  DEFAULT_POSTURE,
  isSamePosture,
  type Differences,
  type Enforcer,
  type HitList,
  type KernelState,
  type Label,
  type Listing,
  type OwnPackets,
  type Posture,
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
import { KnownRuleset } from "./known-ruleset.js";
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
  readonly #features: KernelFeatures;
  readonly #clock: BanClock;
  readonly #counting: Counting;
  readonly #oneAtATime = new Mutex();
  readonly #known: KnownRuleset;
  #watch: Watch | undefined;
  /** Areas that others have removed: a repair adds them again. */
  #lostAreas: Area[] = [];
  /** What wins over every ban; undefined until somebody says. */
  #allowed: readonly Cidr[] | undefined;
  #posture = DEFAULT_POSTURE;

  constructor({ libc, socket, features, clock }: NftablesPorts) {
    this.#libc = libc;
    this.#socket = socket;
    this.#features = features;
    this.rejects = features.reject;
    this.#table = new KernelTable(socket, features);
    this.#known = new KnownRuleset(this.#table);
    this.#clock = clock;
    this.#counting = new Counting(libc);
  }

  get told(): LoggedPackets | undefined {
    return this.#features.log ? NFLOG : undefined;
  }

  read(): Promise<KernelState> {
    return this.#enforcing(() => {
      const ruleset = this.#known.read();
      return ruleset === undefined
        ? this.#table.stateWithout()
        : { at: "present", ...ruleset.label };
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
      const order = {
        label: { ...label, posture: this.#posture },
        features: this.#features,
        entries,
        allowed: this.#allowed,
      };
      this.#known.rebuilding();
      const { layout, sample } = await this.#unheard(() =>
        rebuild(this.#table, order, this.#clock),
      );
      const ruleset = { layout, label: order.label };
      this.#known.rebuilt(ruleset);
      this.#lostAreas = [];
      this.#changed(ruleset, { put: sample, remove: [] });
    });
  }

  repairScaffold(): Promise<boolean> {
    return this.#enforcing(() => {
      const ruleset = this.#known.intact;
      // Unwatched, the sets may have been emptied as well.
      const knows = this.#watch?.hears === true && !this.#known.isDoubted;
      if (ruleset === undefined || !knows) return false;
      const done = repairScaffold(this.#table, {
        ruleset,
        features: this.#features,
        allowed: this.#allowed,
        areas: this.#lostAreas,
      });
      if (!done) return false;
      this.#lostAreas = [];
      this.#changed(ruleset, NOTHING);
      return true;
    });
  }

  inspect(): Promise<readonly string[]> {
    return this.#enforcing(() => {
      const ruleset = this.#known.intact;
      if (ruleset === undefined) return [];
      return faultsOf(this.#table, {
        ruleset,
        features: this.#features,
        allowed: this.#allowed,
      });
    });
  }

  compare(
    label: Label,
    entries: readonly Entry[],
  ): Promise<Differences | undefined> {
    return this.#enforcing(() => {
      const ruleset = this.#known.current;
      if (ruleset === undefined) return undefined;
      const { layout } = ruleset;
      const named = { layout, label: { ...ruleset.label, ...label } };
      if (!isLabelled(this.#table, named)) return undefined;
      const at = { layout, now: this.#clock.now() };
      const differences = differencesOf(this.#table, entries, at);
      // Whoever removes all of it meanwhile has not removed just these.
      return isLabelled(this.#table, named) ? differences : undefined;
    });
  }

  async *listEntries(listing: Listing): AsyncGenerator<readonly Entry[], void> {
    const layout = this.#known.remembered?.layout;
    if (layout === undefined) return;
    using socket = new NetlinkSocket(this.#libc, NETLINK_NETFILTER);
    const now = () => this.#clock.now();
    yield* listed(socket, listing, { layout, now });
  }

  watch(watcher: Watcher): AsyncDisposable {
    try {
      this.#watch = new Watch({
        libc: this.#libc,
        watcher,
        isOwn: (other) => other === this.#socket.port,
        lost: (areas) => this.#lostAreas.push(...areas),
      });
      return this.#watch;
    } catch (cause) {
      throw new CannotEnforce("the kernel tells nobody of changes", { cause });
    }
  }

  setPosture(wanted: Posture): Promise<void> {
    return this.#enforcing(() => {
      const posture = (this.#posture = withinReach(wanted, this.#features));
      const ruleset = this.#known.current;
      if (ruleset === undefined) return; // the next one is built that way
      if (isSamePosture(ruleset.label.posture, posture)) return;
      const { layout } = ruleset;
      const label = { ...ruleset.label, posture };
      this.#table.commit(`${posture.mode}, ${posture.egress} egress`, (w) => {
        writeRules(w, layout, { posture, ...this.#features });
        writeLabel(w, label, layout.generation);
      });
      this.#changed({ layout, label }, NOTHING);
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
      this.#known.removed();
      removeAll(this.#table);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#oneAtATime.idle();
    this.#socket[Symbol.dispose]();
  }

  /** Runs one task at a time, and says in our words why one failed. */
  #enforcing<T>(task: () => T | Promise<T>): Promise<T> {
    return this.#oneAtATime.run(async () => {
      try {
        return await task();
      } catch (cause) {
        this.#known.failed();
        if (isAbsent(cause)) throw new RulesetGone(GONE, { cause });
        if (!(cause instanceof NetlinkError)) throw cause;
        throw new NotEnforced(inWords(cause), { cause });
      }
    });
  }

  #apply(change: RulesetChange): void {
    const ruleset = this.#known.current;
    if (ruleset === undefined) throw new RulesetGone(GONE);
    const { layout } = ruleset;
    const plan = planOf(change, layout, this.#clock.now());
    const next = { ...ruleset.label, revision: change.revision };
    const networks = networksIn(plan.put);
    const noted = { networks, generation: layout.generation };
    const operation = `apply revision ${next.revision}`;
    commitWithAreas(this.#table, operation, noted, (w) => {
      writeChange(w, plan, next, this.#features);
    });
    this.#changed({ layout: plan.layout, label: next }, plan);
  }

  /** Which of these ranges have an entry that drops. */
  #dropping(cidrs: readonly Cidr[]): readonly boolean[] {
    const ruleset = this.#known.current;
    if (ruleset === undefined) return cidrs.map(() => false);
    const places = cidrs.map((cidr) => ({ kind: "ban" as const, cidr }));
    return this.#table.holds(places, ruleset.layout);
  }

  #dropsNow(addresses: readonly Cidr[]): readonly boolean[] {
    return dropsOf(addresses, {
      ruleset: this.#known.current,
      allowed: this.#allowed ?? [],
      holds: (ranges) => this.#dropping(ranges),
    });
  }

  /** The ruleset's own number tells whether others changed anything meanwhile. */
  #unheard<T>(task: () => T | Promise<T>): T | Promise<T> {
    const others = () => this.#table.changesByOthers();
    return this.#watch ? this.#watch.whileUnsubscribed(task, others) : task();
  }

  /** The kernel took a change. That it holds it is believed once it says so. */
  #changed(ruleset: KernelRuleset, changed: Changed): void {
    this.#known.changed(ruleset);
    if (isHeld(this.#table, ruleset, changed, this.#clock.now())) return;
    this.#known.doubt();
    throw new NotEnforced(
      `the kernel took revision ${ruleset.label.revision}, but does not hold it`,
    );
  }
}

/** What an enforcer is made of; it owns the socket. */
export interface NftablesPorts {
  readonly libc: Libc;
  readonly socket: NetlinkSocket;
  readonly features: KernelFeatures;
  readonly clock: BanClock;
}

const NOTHING: Changed = { put: [], remove: [] };

const GONE = "the ruleset is no longer in the kernel";

/** The kernel tells a listener of every element, and drops what it can't take. */
const MOST_HEARD = 256;
