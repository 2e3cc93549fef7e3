import type { GuardPolicy, HostFacts } from "../../guard/facts.js";
import { review, reviewBan } from "../../guard/guard.js";
import { sentinelIn } from "../../guard/sanity.js";
import { approvedBy, type Approvals } from "../../keyring/approval-store.js";
import type { PolicyStore } from "../../keyring/policy-store.js";
import type { RootStore } from "../../keyring/root-store.js";
import type { Ledger } from "../../ledger/ledger.js";
import type { OperatorOverrides } from "../../ledger/operator/overrides.js";
import type { TrialTerms } from "../../ledger/trials.js";
import type { FeedName } from "../../model/position.js";
import type { ReviewedBan } from "../../model/reviewed.js";
import { RING_WAITS, type Ring } from "../../model/rings.js";
import { Refused } from "../../protocol/refusals.js";
import {
  unixSeconds,
  type BanClock,
  type UnixMs,
} from "../../runtime/clock.js";
import type { RunHistory } from "../../safe-mode/run-history.js";
import { verifySegment, verifySnapshot } from "../../trust/verify.js";
import type { BanSteps } from "./ban-walk.js";
import type { FeedLimiter } from "./feed-limiter.js";
import { policyHolds } from "./policy-holds.js";

export interface StepPorts {
  readonly roots: Pick<RootStore, "current">;
  readonly feeds: () => readonly FeedName[];
  readonly policy: GuardPolicy;
  readonly facts: () => HostFacts;
  readonly approvals: Pick<Approvals, "allows">;
  readonly policies: Pick<PolicyStore, "held">;
  /** This host's own. */
  readonly ring: Ring;
  readonly ledger: Ledger;
  readonly limiter: FeedLimiter;
  readonly trial: TrialTerms;
  readonly runs: Pick<RunHistory, "beginIntake">;
  readonly enforce: () => Promise<void>;
  readonly clock: BanClock;
}

/** Fits the rooms to the steps of the ban walk, in the order they are taken. */
export function makeSteps(ports: StepPorts): BanSteps {
  const { enforce, clock } = ports;
  return {
    beginIntake: (bytes) => ports.runs.beginIntake(bytes),
    ...trusting(ports),
    ...guarding(ports),
    ...plausible(ports),
    ...recording(ports),
    enforce,
    monotonic: () => clock.monotonic(),
  };
}

function guarding({
  policy,
  facts,
  approvals,
  policies,
  ring,
  ledger,
  clock,
}: StepPorts): Pick<BanSteps, "review" | "reviewBans"> {
  const approvedIn = (feed: FeedName) => approvedBy(approvals, feed, clock);
  /** What stops a ban that the guard lets pass. */
  const stopping = ({ feed, issuedAt }: Dated) => {
    const hold = holding(policies, feed);
    const withhold = withholding(ledger.overrides, clock);
    const wait = waiting(ring, Math.max(issuedAt, clock.now()));
    return <B extends ReviewedBan>(ban: B): B => wait(withhold(hold(ban)));
  };
  return {
    review: (header, ops) => {
      const isApproved = approvedIn(header.feed);
      const reviewed = review(ops, facts(), policy, isApproved);
      const stop = stopping(header);
      return reviewed.map((op) => (op.op === "lift" ? op : stop(op)));
    },
    reviewBans: (header, bans) => {
      const isApproved = approvedIn(header.feed);
      const host = facts();
      const stop = stopping(header);
      return bans.map((ban) => stop(reviewBan(ban, host, policy, isApproved)));
    },
  };
}

interface Dated {
  readonly feed: FeedName;
  readonly issuedAt: UnixMs;
}

/** What the customer's policy holds of this feed. */
function holding(
  policies: Pick<PolicyStore, "held">,
  feed: FeedName,
): <B extends ReviewedBan>(ban: B) => B {
  const holds = policyHolds(policies);
  return (ban) => {
    const held = ban.held ?? holds.ruleOf(feed, ban.cidr);
    return held === ban.held || held === undefined ? ban : { ...ban, held };
  };
}

/** What this host's operator has rolled back waits, whoever orders it anew. */
function withholding(
  overrides: OperatorOverrides,
  clock: BanClock,
): <B extends ReviewedBan>(ban: B) => B {
  if (!overrides.withholds()) return (ban) => ban;
  const now = unixSeconds(clock.now());
  return (ban) => {
    if (ban.held !== undefined) return ban;
    const held = overrides.withheldRule(ban.cidr, now);
    return held === undefined ? ban : { ...ban, held };
  };
}

/**
 * What this host's ring has no turn with yet waits until it has. What begins as it
 * is issued begins here as well, though this host's clock be a second late.
 */
function waiting(
  ring: Ring,
  nowMs: number,
): <B extends ReviewedBan>(ban: B) => B {
  const now = unixSeconds(nowMs);
  return (ban) => {
    const ringAt = ban.rings?.[ring];
    if (ringAt === undefined || ringAt <= now) return ban;
    return { ...ban, ringAt, held: ban.held ?? RING_WAITS };
  };
}

function trusting({
  roots,
  feeds,
  ledger,
  clock,
}: StepPorts): Pick<BanSteps, "verifySegment" | "verifySnapshot"> {
  const expectation = () => ({
    root: roots.current,
    feeds: feeds(),
    now: clock.now(),
  });
  const at = (feed: FeedName) => ledger.position(feed);
  return {
    verifySegment: (segment) =>
      verifySegment(segment, at(segment.header.feed), expectation()),
    verifySnapshot: (snapshot) =>
      verifySnapshot(snapshot, at(snapshot.header.feed), expectation()),
  };
}

function plausible({
  limiter,
  clock,
}: StepPorts): Pick<BanSteps, "mustBePlausible" | "mustHoldNoSentinel"> {
  const mustNot = (why: string | undefined) => {
    if (why !== undefined) throw new Refused("implausible", why);
  };
  return {
    mustBePlausible: ({ header: { feed, bans } }) =>
      mustNot(limiter.shrinkage(feed, bans, unixSeconds(clock.now()))),
    mustHoldNoSentinel: (bans) =>
      mustNot(sentinelIn(bans.map(({ cidr }) => cidr))),
  };
}

function recording({
  ledger,
  limiter,
  trial,
  clock,
}: StepPorts): Pick<BanSteps, "record" | "stage"> {
  const now = () => unixSeconds(clock.now());
  return {
    record: (position, ops) => {
      const { feed } = position;
      const moment = now();
      const admission = limiter.forChange(feed, moment);
      const segment = { position, ops, now: moment, admission, trial };
      const recorded = ledger.record(segment);
      limiter.spent(feed, admission, moment);
      return recorded;
    },
    stage: (feed) => {
      const admission = limiter.forSnapshot(feed, now());
      const staging = ledger.stage(feed, { admission, trial });
      return {
        add: (bans) => staging.add(bans, now()),
        compare: () => staging.compare(now()),
        adopt: (position) => {
          const adopted = staging.adopt(position, now());
          limiter.spent(feed, admission, now());
          return adopted;
        },
        discard: () => staging.discard(),
      };
    },
  };
}
