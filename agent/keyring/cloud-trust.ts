import type { Config } from "../config/config.js";
import type { Identity } from "../config/identity.js";
import type { AgentEvents } from "../events/events.js";
import type { HealthCode } from "../health/catalogue.js";
import type { Findings } from "../health/health.js";
import type { SignedText } from "../protocol/signed-text.js";
import type { BanClock } from "../runtime/clock.js";
import { isoTime } from "../text/time.js";
import { TrustedRoot } from "../trust/root.js";
import { HeadMonitor } from "./head-monitor.js";
import { LogMonitor, type LogMonitorPorts } from "./log-monitor.js";
import { RootStore } from "./root-store.js";

export interface CloudTrustPorts {
  /** Undefined where there is no cloud: then nobody is believed. */
  readonly identity: Identity | undefined;
  readonly config: Pick<Config, "cloud">;
  readonly clock: Pick<BanClock, "now" | "monotonic">;
  readonly events: AgentEvents;
  /** Keeps a new root over a restart of the agent; throws when it cannot. */
  readonly keepRoot: (root: SignedText, fingerprint: string) => void;
  /** Keeps what was seen of the cloud's log. */
  readonly ledger: { readonly treeHeads: LogMonitorPorts["kept"] };
}

/**
 * What this host believes its cloud by, and whether the cloud's word holds. Roots are
 * judged before all else, since containers, heads and approvals are verified by the
 * newest: PROTOCOL.md, The next root.
 */
export class CloudTrust {
  readonly roots: RootStore;
  readonly heads: HeadMonitor;
  readonly log: LogMonitor;
  readonly #clock: Pick<BanClock, "now">;
  readonly #hasCloud: boolean;

  /** @throws Refused when the identity's root is not the one that it pins */
  constructor(ports: CloudTrustPorts) {
    const { identity, config, clock, events, keepRoot, ledger } = ports;
    this.#clock = clock;
    this.#hasCloud = identity !== undefined;
    this.roots = new RootStore({
      newest:
        identity === undefined
          ? TrustedRoot.ofNobody()
          : TrustedRoot.open(identity.root, identity.rootFingerprint),
      keep: keepRoot,
      events,
    });
    this.heads = new HeadMonitor({
      clock,
      staleAfterMs: config.cloud.staleAfterSeconds * 1000,
      events,
    });
    this.log = new LogMonitor({
      cloud: identity?.cloud ?? "",
      roots: this.roots,
      kept: ledger.treeHeads,
      clock,
      events,
    });
  }

  /** What is wrong with what the cloud signs, in the catalogue's words. */
  findings(): Findings {
    if (!this.#hasCloud) return new Map();
    const { roots, heads, log } = this;
    const found = new Map<HealthCode, string>(log.findings());
    const forks = [roots.forked, heads.forked].filter(isText);
    if (forks.length > 0) found.set("feed-forked", forks.join("; "));
    if (heads.stale !== undefined) found.set("feed-stale", heads.stale);
    const { version, expiresAt } = roots.current.document;
    const now = this.#clock.now();
    const until = `root ${version} is good until ${isoTime(expiresAt)}`;
    if (now > expiresAt) found.set("root-expired", until);
    else if (now > expiresAt - NOTICE_MS) found.set("root-expiring", until);
    return found;
  }
}

/** Enough for those who hold the root keys to come together. */
const NOTICE_MS = 30 * 86_400_000;

const isText = (text: string | undefined): text is string => text !== undefined;
