import type { Logger } from "../agent/log/logger.js";
import type { Clock } from "../agent/runtime/clock.js";
import type { Lifetime } from "../agent/runtime/lifetime.js";
import { Bundles } from "./carry/bundles.js";
import type { Rules } from "./decide/open-rules.js";
import { Heads } from "./feeds/heads.js";
import { Recovery } from "./feeds/recovery.js";
import { filesOf } from "./folder.js";
import type { BatchWriter } from "./journal/batch-writer.js";
import type { Dropped, Drops } from "./log/drops.js";
import { answerWriter } from "./receipts/answer-writer.js";
import { ReceiptIntake } from "./receipts/receipt-intake.js";
import { CloneDetector } from "./registry/clone-detector.js";
import type { Signing } from "./roots/signing.js";
import type { Store } from "./store.js";

export interface WayParts {
  readonly config: {
    readonly name: string;
    readonly dir: string;
    readonly signing: Signing;
  };
  readonly ports: { readonly clock: Clock; readonly log: Logger };
  readonly store: Store & { readonly drops: Drops };
  readonly opened: Lifetime;
}

/** What hosts are told, and what they answer: over a link, or carried by hand. */
export function openWays({ config, ports, store, opened }: WayParts) {
  const { observations, index, state, receipts, drops } = store;
  const { signing } = config;
  const dropped = (what: Dropped) => drops.count(what);
  const recovery = new Recovery(index, state, ports.clock);
  const heads = new Heads(index, () => signing.headKeys, ports.clock);
  const recorder = opened.own(
    answerWriter({ ...ports, observations, dropped }),
  );
  const answers = new ReceiptIntake({
    ...{ ...ports, dropped },
    standing: (feed) => index.standing(feed),
    hashAt: (...place) => index.hashAt(...place),
    newest: (...place) => receipts.newest(...place),
    note: (event) => recorder.note(event),
  });
  const bundles = new Bundles({
    ...{ ...store, ...ports, recovery, heads, signing },
    cloudName: config.name,
    snapshotFolder: filesOf(config.dir).snapshots,
  });
  return { recovery, recorder, answers, bundles };
}

/**
 * What tells an agent that was restarted from two that hold one key, and knows
 * where agents come from.
 */
export function knowBoots(
  ports: WayParts["ports"],
  { bootLog, peers }: Pick<Store, "bootLog"> & Pick<Rules, "peers">,
  recorder: BatchWriter,
): Pick<CloneDetector, "seen"> {
  const boots = new CloneDetector({
    ...ports,
    boots: (agent) => bootLog.boots(agent),
    isTold: (...pair) => bootLog.isTold(...pair),
    note: (event) => recorder.note(event),
  });
  return {
    seen: (arrival) => {
      peers.came(arrival);
      boots.seen(arrival);
    },
  };
}
