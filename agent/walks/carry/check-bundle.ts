import type { Identity } from "../../config/identity.js";
import type { ApprovalStore } from "../../keyring/approval-store.js";
import type { HeadMonitor } from "../../keyring/head-monitor.js";
import type { RootStore } from "../../keyring/root-store.js";
import type { DatedPosition, FeedName } from "../../model/position.js";
import {
  BundleReader,
  textOf,
  type BundleHeader,
  type BundlePart,
  type ByteSource,
} from "../../protocol/bundle.js";
import type { Head } from "../../protocol/documents.js";
import { Refused } from "../../protocol/refusals.js";
import { openSegment, readOps } from "../../protocol/segment.js";
import type { SignedText } from "../../protocol/signed-text.js";
import { openSnapshot, readBans } from "../../protocol/snapshot.js";
import type { BanClock } from "../../runtime/clock.js";
import { TrustedApproval } from "../../trust/approval.js";
import { judgeHead } from "../../trust/freshness.js";
import type { TrustedRoot } from "../../trust/root.js";
import { verifyHead } from "../../trust/verify.js";
import type { BanSteps } from "../ban/ban-walk.js";
import { asRefused, ofPart } from "./bundle-refused.js";
import { FeedWay, type FeedPlan, type PartPlace } from "./feed-way.js";

/** What a bundle is held against; nothing of it is changed. */
export interface CheckPorts {
  readonly identity: Pick<Identity, "agent" | "org" | "cloud">;
  readonly feeds: readonly FeedName[];
  readonly roots: Pick<RootStore, "current">;
  readonly approvals: Pick<ApprovalStore, "all">;
  readonly heads: Pick<HeadMonitor, "head">;
  position(feed: FeedName): DatedPosition | undefined;
  readonly step: Pick<
    BanSteps,
    "beginIntake" | "mustBePlausible" | "mustHoldNoSentinel"
  >;
  readonly clock: Pick<BanClock, "now">;
}

/** A bundle that holds from its first byte to its last, and what to take of it. */
export interface CheckedBundle {
  readonly header: BundleHeader;
  /** Those that come next after the host's, in their order. */
  readonly roots: readonly SignedText[];
  /** Those that take the place of the host's. */
  readonly approvals: readonly SignedText[];
  /** All that the host follows. */
  readonly feeds: readonly FeedPlan[];
  readonly heads: readonly Head[];
  /** When the first of what is to be taken runs out; undefined for nothing. */
  readonly goodUntil: number | undefined;
}

/**
 * Reads all of a bundle, and verifies all of it as if it came from the wire: roots
 * first, by which the rest is judged, then approvals, each feed, and heads.
 * @throws BundleRefused that names the first part that is wrong
 */
export async function checkBundle(
  source: ByteSource,
  ports: CheckPorts,
): Promise<CheckedBundle> {
  try {
    const reader = new BundleReader(source);
    const check = new BundleCheck(reader.header, ports);
    for (const part of reader.parts()) {
      await check.take(part);
      await turn();
    }
    return check.end();
  } catch (error) {
    throw asRefused("the bundle", error);
  }
}

class BundleCheck {
  readonly #ports: CheckPorts;
  readonly #header: BundleHeader;
  /** By which everything behind the roots is judged. */
  #root: TrustedRoot;
  readonly #roots: SignedText[] = [];
  readonly #approvals: { feed: FeedName; text: SignedText }[] = [];
  readonly #lenient = new Set<FeedName>();
  readonly #ways = new Map<FeedName, FeedWay>();
  #way: FeedWay | undefined;
  readonly #heads = new Map<FeedName, Head>();
  #goodUntil = Infinity;

  /** @throws BundleRefused one that says itself that it is for others */
  constructor(header: BundleHeader, ports: CheckPorts) {
    this.#header = header;
    this.#ports = ports;
    this.#root = ports.roots.current;
    const { cloud, org } = ports.identity;
    if (header.cloud !== cloud) {
      const why = `the bundle is of the cloud ${header.cloud}, and this host's is ${cloud}`;
      throw new Refused("wrong-audience", why);
    }
    if (header.org !== org) {
      const why = `the bundle is for hosts of ${header.org}, and this one is of ${org}`;
      throw new Refused("wrong-audience", why);
    }
  }

  async take(part: BundlePart): Promise<void> {
    if (part.kind === "snapshot") await this.#snapshot(part);
    else if (part.kind === "segment") this.#segment(part);
    else {
      ofPart(`part ${part.number} (${part.kind})`, () => {
        const text = textOf(part);
        if (part.kind === "root") this.#nextRoot(text);
        else if (part.kind === "approval") this.#approval(text);
        else this.#head(text);
      });
    }
  }

  /** @throws Refused when something is missing, or all of it is past */
  end(): CheckedBundle {
    const feeds = this.#plans();
    const brings = feeds.some(({ standing }) => standing === "moves");
    const past = feeds.find(({ standing }) => standing === "past");
    if (past !== undefined && !brings) {
      const { epoch = "", offset = 0 } = past.before ?? {};
      const ends = this.#heads.get(past.feed)?.offset ?? 0;
      const why = `it is older than what this host has: ${past.feed} is at ${epoch}/${offset} here, and ends at ${ends} there`;
      throw new Refused("replayed", why);
    }
    return {
      header: this.#header,
      roots: this.#roots,
      approvals: this.#approvals.map(({ text }) => text),
      feeds,
      heads: [...this.#heads.values()],
      goodUntil: brings ? this.#goodUntil : undefined,
    };
  }

  #plans(): readonly FeedPlan[] {
    return this.#ports.feeds.map((feed) => {
      const head = this.#heads.get(feed);
      const why = `the bundle has no head of ${feed}`;
      if (head === undefined) throw new Refused("gap", why);
      return ofPart(feed, () => this.#wayOf(feed).end(head));
    });
  }

  /** PROTOCOL.md, The next root; older ones are there for hosts that lack them. */
  #nextRoot(text: SignedText): void {
    try {
      this.#root = this.#root.next(text);
      this.#roots.push(text);
    } catch (error) {
      // What an earlier root's keys signed, a later one's may not bear out.
      if (!isPastRoot(error, text, this.#root)) throw error;
    }
  }

  /** As from the wire: an old one is passed over, and so is one that ran out. */
  #approval(text: SignedText): void {
    const { approvals, feeds, clock } = this.#ports;
    const now = clock.now();
    const approval = TrustedApproval.open(text, this.#root, feeds);
    const { feed } = approval;
    if (this.#approvals.some((each) => each.feed === feed)) {
      throw new Refused("replayed", `${feed} has one already`);
    }
    const held = approvals.all.find((each) => each.feed === feed);
    if (approval.fingerprint === held?.fingerprint) return;
    try {
      this.#root.mustBeGoodAt(now);
      approval.mustReplace(held, now);
    } catch (error) {
      if (error instanceof Refused && error.code !== "forked") return;
      throw error;
    }
    if (approval.limits.shrink === true) this.#lenient.add(feed);
    this.#approvals.push({ feed, text });
  }

  #segment({ number, at, bytes }: BundlePart): void {
    const named = `part ${number} (segment)`;
    const inHand = ofPart(named, () => this.#ports.step.beginIntake(bytes));
    try {
      const segment = ofPart(named, () => openSegment(bytes));
      const { feed, first, last, notAfter } = segment.header;
      inHand.of(feed);
      ofPart(
        `part ${number} (segment of ${feed}, ops ${first} to ${last})`,
        () => {
          const place: PartPlace = {
            ...{ number, kind: "segment", at, bytes: bytes.length },
          };
          const way = this.#on(feed);
          const verified = way.segment(segment, place, this.#expectation());
          if (verified === undefined) return;
          readOps(verified);
          this.#goodUntil = Math.min(this.#goodUntil, notAfter);
        },
      );
    } finally {
      inHand[Symbol.dispose]();
    }
  }

  /** Every ban is read once before any is taken: millions of them, in slices. */
  async #snapshot({ number, at, bytes }: BundlePart): Promise<void> {
    const { step } = this.#ports;
    const before = `part ${number} (snapshot)`;
    const inHand = ofPart(before, () => step.beginIntake(bytes));
    let named = before;
    try {
      const snapshot = openSnapshot(bytes);
      const { feed, offset, notAfter } = snapshot.header;
      named = `part ${number} (snapshot of ${feed} at op ${offset})`;
      inHand.of(feed);
      const size = bytes.length;
      const place: PartPlace = { number, kind: "snapshot", at, bytes: size };
      const way = this.#on(feed);
      const verified = way.snapshot(snapshot, place, this.#expectation());
      if (verified === undefined) return;
      if (!this.#lenient.has(feed)) step.mustBePlausible(verified);
      for (const slice of readBans(verified)) {
        step.mustHoldNoSentinel(slice);
        await turn();
      }
      this.#goodUntil = Math.min(this.#goodUntil, notAfter);
    } catch (error) {
      throw asRefused(named, error);
    } finally {
      inHand[Symbol.dispose]();
    }
  }

  #head(text: SignedText): void {
    const { feeds, heads, clock } = this.#ports;
    const head = verifyHead(text, this.#root);
    const { feed } = head;
    if (!feeds.includes(feed)) {
      throw new Refused("wrong-feed", `this agent does not follow ${feed}`);
    }
    if (this.#heads.has(feed)) {
      throw new Refused("replayed", `${feed} has a head already`);
    }
    // Whether it is fresh is the monitor's to say: here only what can't be true.
    const known = heads.head(feed);
    const now = Math.max(clock.now(), head.time);
    const around = { known, own: undefined, now, staleAfterMs: Infinity };
    const verdict = judgeHead(head, around);
    if (verdict.is === "contradiction") {
      throw new Refused("forked", `${feed}: ${verdict.what}`);
    }
    this.#heads.set(feed, head);
  }

  /** The way of the feed that a part is of; its parts stand together. */
  #on(feed: FeedName): FeedWay {
    if (this.#way?.feed === feed) return this.#way;
    if (this.#ways.has(feed)) {
      throw new Refused("gap", `it stands apart from what is of ${feed}`);
    }
    this.#way = this.#wayOf(feed);
    this.#ways.set(feed, this.#way);
    return this.#way;
  }

  #wayOf(feed: FeedName): FeedWay {
    const known = this.#ways.get(feed);
    return known ?? new FeedWay(feed, this.#ports.position(feed));
  }

  #expectation() {
    const { feeds, clock } = this.#ports;
    return { root: this.#root, feeds, now: clock.now() };
  }
}

/**
 * A root that the host is past. Keys that are gone from the host's root may be all
 * that signed it, so that its signatures say nothing here, and need not.
 */
function isPastRoot(
  error: unknown,
  text: SignedText,
  current: TrustedRoot,
): boolean {
  if (!(error instanceof Refused)) return false;
  if (error.code === "replayed") return true;
  return (
    error.code === "bad-signature" && versionOf(text) < current.document.version
  );
}

/** As the text claims; Infinity where it says nothing that is one. */
function versionOf({ signed }: SignedText): number {
  try {
    const { version } = JSON.parse(signed) as { version?: unknown };
    return typeof version === "number" ? version : Infinity;
  } catch {
    return Infinity;
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve));
