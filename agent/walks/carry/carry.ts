import type { Identity } from "../../config/identity.js";
import type { AgentEvents } from "../../events/events.js";
import type { ApprovalStore } from "../../keyring/approval-store.js";
import type { HeadMonitor } from "../../keyring/head-monitor.js";
import type { RootStore } from "../../keyring/root-store.js";
import type { Ledger } from "../../ledger/ledger.js";
import type { FeedName, Position } from "../../model/position.js";
import type { Recorded } from "../../model/recorded.js";
import type { CarriedReceipts } from "../../protocol/carried.js";
import { unixSeconds, type BanClock, type Clock } from "../../runtime/clock.js";
import type { LinkStatus } from "../../uplink/link-status.js";
import {
  adopt,
  carryOut,
  type BanSteps,
  type Outcome,
} from "../ban/ban-walk.js";
import { recall, type Receipts } from "../ban/receipts.js";
import { BundleFile } from "./bundle-file.js";
import { checkBundle, type CheckedBundle } from "./check-bundle.js";
import type { FeedPlan, PartPlace, Standing } from "./feed-way.js";
import { keepMark, readMark, type CarryMark } from "./mark.js";

export interface CarryPorts {
  readonly identity: Pick<Identity, "agent" | "org" | "cloud">;
  /** For the bundle that is being applied, and the mark of the last one. */
  readonly folder: string;
  readonly feeds: readonly FeedName[];
  readonly roots: Pick<RootStore, "current" | "hear" | "version">;
  readonly approvals: Pick<ApprovalStore, "all" | "hear">;
  readonly heads: Pick<HeadMonitor, "head" | "hear" | "level" | "took">;
  readonly ledger: Ledger;
  readonly step: BanSteps;
  readonly receipts: Receipts;
  readonly status: Pick<LinkStatus, "carried" | "caughtUp">;
  readonly events: AgentEvents;
  readonly banClock: BanClock;
  readonly clock: Clock;
  /** A head was signed at this time, in milliseconds since 1970. */
  dated(time: number): void;
  /** Returns once the kernel holds what the ledger says. @throws NotEnforced */
  enforce(): Promise<void>;
}

/** A bundle as it is handed in. */
export interface HandedIn {
  readonly bytes: AsyncIterable<Uint8Array>;
  /** How many bytes come. */
  readonly size: number;
  /** Look at all of it, and take nothing. */
  readonly dryRun: boolean;
}

/** What a bundle came to. Times are milliseconds since 1970. */
export interface Applied {
  readonly madeAt: number;
  readonly goodUntil: number | undefined;
  readonly dryRun: boolean;
  /** Versions of the newest root before and after. */
  readonly root: { readonly before: number; readonly after: number };
  /** Approvals that took the place of earlier ones. */
  readonly approvals: number;
  readonly feeds: readonly AppliedFeed[];
}

export interface AppliedFeed {
  readonly feed: FeedName;
  readonly standing: Standing;
  readonly before: Position | undefined;
  readonly after: Position | undefined;
  readonly counts: Counts;
  /** What is in force for a while only; undefined for nothing. */
  readonly trial: { readonly bans: number; readonly until: number } | undefined;
  /** What stopped it, in one line; undefined for nothing. */
  readonly stopped: string | undefined;
}

/** What its segments and snapshot came to, added up. */
export type Counts = Record<
  "banned" | "observed" | "lifted" | "expired" | "held",
  number
>;

/** Another bundle is being applied. */
export class BusyCarrying extends Error {
  override readonly name = "BusyCarrying";

  constructor() {
    super("another bundle is being applied; nothing was changed");
  }
}

/**
 * Takes in by hand what would come over a link, on the same walk: all of a bundle is
 * verified first, then each part goes through `carryOut` or `adopt`, which verify it
 * again, and heads through the monitor. A link may be up meanwhile: where both bring
 * the same, the ledger takes it once.
 */
export class Carry {
  readonly #ports: CarryPorts;
  #busy = false;
  #mark: CarryMark | undefined;

  constructor(ports: CarryPorts) {
    this.#ports = ports;
    this.#mark = readMark(ports.folder, ports.identity.agent);
  }

  /** The last bundle that was applied. */
  get mark(): CarryMark | undefined {
    return this.#mark;
  }

  /**
   * @param by who hands it in
   * @throws NotReceived, BusyCarrying or BundleRefused; nothing was changed then
   */
  async apply(
    handed: HandedIn,
    by: string,
    tell: (note: string) => void,
  ): Promise<Applied> {
    if (this.#busy) throw new BusyCarrying();
    this.#busy = true;
    try {
      const { folder, events } = this.#ports;
      tell("receiving the bundle");
      using file = await BundleFile.receive(folder, handed.bytes, handed.size);
      tell("verifying the bundle");
      const position = (feed: FeedName) => this.#ports.ledger.position(feed);
      const { banClock: clock, ...ports } = this.#ports;
      const checked = await checkBundle(file, { ...ports, clock, position });
      if (handed.dryRun) return this.#told(checked, new Map(), true);
      events.carrying(by, checked.header.madeAt);
      return await this.#take(checked, file, tell);
    } finally {
      this.#busy = false;
    }
  }

  /** This host's newest receipts, for whoever carries them to the cloud. */
  receipts(): CarriedReceipts {
    const { identity, receipts, clock } = this.#ports;
    const { agent, org, cloud } = identity;
    return {
      type: "carried-receipts",
      ...{ agent, org, cloud },
      madeAt: Math.floor(clock.now()),
      receipts: [...receipts.signedNewest()],
    };
  }

  async #take(
    checked: CheckedBundle,
    file: BundleFile,
    tell: (note: string) => void,
  ): Promise<Applied> {
    const { roots, approvals } = this.#ports;
    const before = roots.version;
    this.#hearTheTime(checked);
    for (const text of checked.roots) roots.hear(text);
    for (const text of checked.approvals) approvals.hear(text);
    const taken = new Map<FeedName, Taken>();
    for (const plan of checked.feeds) {
      tell(`taking in ${plan.feed}`);
      taken.set(plan.feed, await this.#takeFeed(plan, file));
    }
    this.#hearHeads(checked);
    const all = [...taken.values()];
    const isWhole = all.every(({ stopped }) => stopped === undefined);
    if (isWhole && (await this.#caughtUp())) this.#recall(all);
    this.#noteDone(checked);
    return this.#told(checked, taken, false, before);
  }

  /** What the kernel did not take at once, it holds by now. */
  #recall(taken: readonly Taken[]): void {
    const { receipts, ledger, clock } = this.#ports;
    const waited = taken.filter(({ waits }) => waits !== undefined);
    if (waited.length === 0) return;
    const revision = ledger.revision();
    recall(receipts, ledger, { revision, nowMs: clock.now() });
    for (const each of waited) delete each.waits;
  }

  /** A date that was signed has certainly been reached; older than now it says nothing. */
  #hearTheTime({ heads }: CheckedBundle): void {
    const newest = Math.max(...heads.map(({ time }) => time));
    if (newest > this.#ports.banClock.now()) this.#ports.dated(newest);
  }

  async #takeFeed({ feed, parts }: FeedPlan, file: BundleFile): Promise<Taken> {
    const counts = { banned: 0, observed: 0, lifted: 0, expired: 0, held: 0 };
    const taken: Taken = { counts, revisions: new Set(), stopped: undefined };
    for (const part of parts) {
      const outcome = await this.#carryOut(part, file);
      if (outcome.kind === "enforced") {
        this.#answer(outcome);
        add(counts, outcome.recorded);
        taken.revisions.add(outcome.recorded.revision);
      } else if (outcome.code === "not-enforced") {
        taken.waits = outcome.detail;
      } else if (outcome.code !== "replayed") {
        const { code, detail } = outcome;
        this.#ports.events.refused(feed, code, detail);
        taken.stopped = `part ${part.number} (${part.kind}): ${detail} (${code})`;
        break;
      }
    }
    return taken;
  }

  #answer(outcome: Outcome & { readonly kind: "enforced" }): void {
    const { receipts, heads, events } = this.#ports;
    heads.took(outcome.position);
    events.enforced(receipts.give(outcome));
    this.#heard();
  }

  async #carryOut(part: PartPlace, file: BundleFile): Promise<Outcome> {
    const { clock, step } = this.#ports;
    const bytes = file.read(part.at, part.bytes);
    const arrived = { receivedAt: clock.now(), arrivedAt: clock.monotonic() };
    const walk = part.kind === "snapshot" ? adopt : carryOut;
    return walk({ bytes, ...arrived }, step);
  }

  #hearHeads({ heads: said }: CheckedBundle): void {
    const { heads, ledger } = this.#ports;
    for (const head of said) {
      const at = ledger.position(head.feed);
      heads.hear(head, undefined);
      const isLevel =
        head.offset === 0 ||
        (at?.epoch === head.epoch && at.offset >= head.offset);
      heads.level(head.feed, isLevel);
    }
    this.#heard();
  }

  /** Bans that waited for the whole picture need not wait any more. */
  async #caughtUp(): Promise<boolean> {
    const { status, events } = this.#ports;
    status.caughtUp();
    try {
      await this.#ports.enforce();
      return true;
    } catch (error) {
      events.notEnforced(error, 0);
      return false;
    }
  }

  /** The cloud's word has come here, though by no link. */
  #heard(): void {
    const { status, clock } = this.#ports;
    status.carried(clock.monotonic());
  }

  #noteDone({ header: { madeAt } }: CheckedBundle): void {
    const { folder, identity, clock, events } = this.#ports;
    const appliedAt = Math.floor(clock.now());
    this.#mark = { agent: identity.agent, madeAt, appliedAt };
    keepMark(folder, this.#mark, events);
  }

  #told(
    checked: CheckedBundle,
    taken: ReadonlyMap<FeedName, Taken>,
    dryRun: boolean,
    before = this.#ports.roots.version,
  ): Applied {
    const { ledger, roots, banClock } = this.#ports;
    const trials = ledger.trials();
    const after = dryRun ? before + checked.roots.length : roots.version;
    return {
      madeAt: checked.header.madeAt,
      goodUntil: checked.goodUntil,
      dryRun,
      root: { before, after },
      approvals: checked.approvals.length,
      feeds: checked.feeds.map((plan) => {
        const { feed, standing } = plan;
        const {
          counts = NONE,
          revisions,
          stopped,
          waits,
        } = taken.get(feed) ?? {};
        const now = unixSeconds(banClock.now());
        const tried = trials.filter(
          ({ revision, until }) => revisions?.has(revision) && until > now,
        );
        const at = dryRun ? plan.after : ledger.position(feed);
        return {
          ...{ feed, standing, before: plan.before, after: at, counts },
          trial: tried.length === 0 ? undefined : trialOf(tried),
          stopped: stopped ?? waits,
        };
      }),
    };
  }
}

/** What became of one feed's parts. */
interface Taken {
  readonly counts: Counts;
  readonly revisions: Set<number>;
  stopped: string | undefined;
  /** The ledger has it, and the kernel did not yet. */
  waits?: string;
}

const NONE: Counts = { banned: 0, observed: 0, lifted: 0, expired: 0, held: 0 };

function add(counts: Counts, recorded: Recorded): void {
  counts.banned += recorded.banned;
  counts.observed += recorded.observed;
  counts.lifted += recorded.lifted;
  counts.expired += recorded.expired;
  counts.held += recorded.heldTotal;
}

const trialOf = (
  trials: readonly { readonly bans: number; readonly until: number }[],
) => ({
  bans: trials.reduce((sum, { bans }) => sum + bans, 0),
  until: Math.min(...trials.map(({ until }) => until)) * 1000,
});
