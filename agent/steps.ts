import type { BanSteps } from "./ban-walk.js";
import type { Starts } from "./starts/keeper.js";
import { unixSeconds, type Clock } from "./clock.js";
import type { GuardPolicy, HostFacts } from "./guard/facts.js";
import { review } from "./guard/guard.js";
import type { Ledger } from "./ledger/ledger.js";
import type { FeedName } from "./model/position.js";
import type { Roots } from "./roots.js";
import { verifySegment, verifySnapshot } from "./trust/verify.js";

export interface StepPorts {
  readonly roots: Pick<Roots, "current">;
  readonly feeds: readonly FeedName[];
  readonly policy: GuardPolicy;
  readonly facts: () => HostFacts;
  readonly ledger: Ledger;
  readonly starts: Pick<Starts, "takeInHand">;
  readonly enforce: () => Promise<void>;
  /** By whose time bans and what carries them expire. */
  readonly clock: Clock;
}

/** Fits the rooms to the steps of the ban walk, in the order they are taken. */
export function makeSteps(ports: StepPorts): BanSteps {
  const { roots, feeds, policy, facts, ledger, enforce, clock } = ports;
  const expectation = () => ({
    root: roots.current,
    feeds,
    now: clock.now(),
  });
  const now = () => unixSeconds(clock.now());
  return {
    takeInHand: (bytes) => ports.starts.takeInHand(bytes),
    verifySegment: (segment) =>
      verifySegment(
        segment,
        ledger.position(segment.header.feed),
        expectation(),
      ),
    verifySnapshot: (snapshot) =>
      verifySnapshot(
        snapshot,
        ledger.position(snapshot.header.feed),
        expectation(),
      ),
    review: (ops) => review(ops, facts(), policy),
    record: (position, ops) => ledger.record({ position, ops, now: now() }),
    stage: (feed) => {
      const staging = ledger.stage(feed);
      return {
        add: (bans) => staging.add(bans, now()),
        compare: () => staging.compare(now()),
        adopt: (position) => staging.adopt(position, now()),
        discard: () => staging.discard(),
      };
    },
    enforce,
    monotonic: () => clock.monotonic(),
  };
}
