import type { Identity } from "../../config/identity.js";
import type { AgentEvents } from "../../events/events.js";
import type { ApprovalStore } from "../../keyring/approval-store.js";
import { DeviceKeyRotation } from "../../keyring/device-key-rotation.js";
import type { DeviceKeys } from "../../keyring/device-keys.js";
import type { HeadMonitor } from "../../keyring/head-monitor.js";
import type { LogMonitor } from "../../keyring/log-monitor.js";
import type { PolicyStore } from "../../keyring/policy-store.js";
import type { RootStore } from "../../keyring/root-store.js";
import type { FeedName, Position } from "../../model/position.js";
import { agentCapabilities, POLICY } from "../../protocol/capabilities.js";
import { closeCodes } from "../../protocol/close-codes.js";
import type { Hello } from "../../protocol/documents.js";
import { limits } from "../../protocol/limits.js";
import { Malformed } from "../../protocol/malformed.js";
import type { Clock } from "../../runtime/clock.js";
import { signAsDevice } from "../../trust/sign.js";
import { verifyBeat, verifyHead, verifyState } from "../../trust/verify.js";
import { dial } from "../../uplink/dial.js";
import { LinkClosed, LinkDowngraded } from "../../uplink/errors.js";
import {
  fetchRoot,
  fetchSegments,
  fetchTreeHead,
  httpUrl,
  type FetchOptions,
} from "../../uplink/fetch.js";
import type { LinkStatus } from "../../uplink/link-status.js";
import type { Way } from "../../uplink/reach.js";
import { uplink, type Session, type UplinkPorts } from "../../uplink/uplink.js";
import type { BanSteps } from "../ban/ban-walk.js";
import { wirePosition, type Receipts } from "../ban/receipts.js";
import type { ImpactWatch } from "../telemetry/impact.js";
import { answer } from "../telemetry/requests.js";
import type { TelemetryWalk } from "../telemetry/telemetry-walk.js";
import type { FollowPorts } from "./follow-ports.js";
import { follow } from "./follow.js";
import { listenerOf } from "./telemetry-listener.js";
import { watchLog } from "./log-watch.js";
import { SnapshotFiles } from "./snapshot-files.js";

export interface CloudLinkPorts {
  readonly identity: Identity;
  readonly keys: DeviceKeys;
  readonly roots: RootStore;
  readonly heads: HeadMonitor;
  readonly log: LogMonitor;
  readonly approvals: Pick<ApprovalStore, "hear">;
  readonly policies: Pick<PolicyStore, "hear" | "isOff">;
  readonly feeds: () => readonly FeedName[];
  readonly way: Way;
  readonly version: string;
  /** A UUID drawn at this start. */
  readonly boot: string;
  readonly snapshotFolder: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly positions: {
    position(feed: FeedName): Position | undefined;
    positions(): readonly Position[];
  };
  readonly step: BanSteps;
  readonly receipts: Receipts;
  readonly status: LinkStatus;
  readonly events: AgentEvents;
  /** A head was signed at this time, in milliseconds since 1970. */
  dated(time: number): void;
  /** The address that the cloud is reached at may be new. */
  refreshFacts(): Promise<void>;
  readonly telemetry: Pick<TelemetryWalk, "sayTo" | "acknowledged">;
  readonly impact: Pick<ImpactWatch, "ask" | "mayAnswer">;
  /** Bans that waited for the whole picture need not wait any more. */
  enforce(): Promise<void>;
}

/** A host that follows its cloud. */
export interface CloudLink extends AsyncDisposable {
  /** Resolves with the reason if following ends by itself; a restart may heal it. */
  readonly broken: Promise<unknown>;
  readonly rekeying: Pick<DeviceKeyRotation, "rekey">;
}

/** Follows the cloud's feeds until disposed. */
export function startCloudLink(ports: CloudLinkPorts): CloudLink {
  const stop = new AbortController();
  const rekeying = new DeviceKeyRotation({
    identity: ports.identity,
    keys: ports.keys,
    events: ports.events,
    fetching: (session) => fetching(ports, session),
  });
  const items = uplink(uplinkPorts(ports), stop.signal);
  const done = follow(
    items,
    followPorts(ports, rekeying, () => stop.abort()),
  );
  return {
    rekeying,
    broken: done.then(
      () => new Promise<never>(() => undefined), // stopped as it should be
      (error: unknown) => {
        ports.events.linkBroken(error);
        return error;
      },
    ),
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await done.catch(() => undefined); // `broken` has told
    },
  };
}

function uplinkPorts(ports: CloudLinkPorts): UplinkPorts {
  const { clock, way, identity, status, events, random, keys } = ports;
  return {
    dial: (signal, elsewhere) => {
      const url = new URL("/v1/agent", elsewhere ?? identity.url);
      url.protocol = url.protocol.replace(/^http/, "ws");
      return dial({ url, way, handshakeMs: HANDSHAKE_MS, clock }, signal);
    },
    hello: (challenge, wire) => {
      if (challenge.cloud !== identity.cloud) {
        throw new Error(
          `this host is enrolled with ${identity.cloud}, and ${challenge.cloud} answered`,
        );
      }
      const hello = wire.helloOf(
        helloOf(ports, challenge.nonce),
        capabilitiesOf(ports.policies),
      );
      const { offered } = ports.keys;
      return {
        type: "hello",
        ...signAsDevice("hello", hello, offered, wire.version),
      };
    },
    hasOtherHello: (error) => isUnauthenticated(error) && keys.turnedAway(),
    clock,
    random,
    events: {
      linkLost: (error, retryInMs) => {
        const isDowngrade = error instanceof LinkDowngraded;
        status.down(error.message, retryInMs, isDowngrade);
        events.linkLost(error, retryInMs);
      },
      policyTooLong: () => {
        const problem = `has more than ${limits.textBytes} bytes`;
        events.policyRefused(new Malformed("policy", problem));
      },
    },
  };
}

const capabilitiesOf = ({
  isOff,
}: Pick<PolicyStore, "isOff">): readonly string[] =>
  isOff ? agentCapabilities : [...agentCapabilities, POLICY];

const isUnauthenticated = (error: unknown): boolean =>
  error instanceof LinkClosed && error.code === closeCodes.unauthenticated;

function helloOf(ports: CloudLinkPorts, nonce: string): Hello {
  const { identity, clock, version, boot, positions } = ports;
  const feeds = ports.feeds();
  return {
    agent: identity.agent,
    nonce,
    cloud: identity.cloud,
    time: Math.floor(clock.now()),
    version,
    boot,
    positions: positions
      .positions()
      .filter(({ feed }) => feeds.includes(feed))
      .map(wirePosition),
  };
}

function followPorts(
  ports: CloudLinkPorts,
  rekeying: DeviceKeyRotation,
  stop: () => void,
): FollowPorts {
  const { events, status, receipts, roots } = ports;
  const snapshots = new SnapshotFiles(ports.snapshotFolder);
  return {
    step: ports.step,
    clock: ports.clock,
    events,
    feeds: ports.feeds,
    random: ports.random,
    position: (feed) => ports.positions.position(feed),
    verifyHead: (head) => verifyHead(head, roots.current),
    verifyState: (state) => verifyState(state, roots.current),
    verifyBeat: (beat, state) => verifyBeat(beat, state, roots.current),
    dated: (time) => ports.dated(time),
    watch: ports.heads,
    roots,
    approvals: ports.approvals,
    policies: ports.policies,
    catchUpRoots: (session) => catchUpRoots(ports, session),
    fetchSegments: (session, at) => fetchSegments(fetching(ports, session), at),
    fetchSnapshot: (session, plan) =>
      snapshots.fetch(fetching(ports, session), plan),
    linkUp: async (session) => {
      rekeying.welcomed(session);
      status.up(session.remoteAddress);
      events.linkUp(ports.identity.cloud, session.remoteAddress);
      await ports.refreshFacts();
      receipts.sayTo(session);
      ports.telemetry.sayTo(listenerOf(session, ports.keys));
      const ask = (of: Session) => (from: number) =>
        fetchTreeHead(fetching(ports, of), from);
      watchLog(session, { monitor: ports.log, ...ports, ask });
    },
    acknowledged: (ack) => ports.telemetry.acknowledged(ack),
    asked: (question, session) =>
      answer(question, ports.impact, (it) => session.send(it)),
    caughtUp: () => {
      status.caughtUp();
      ports.enforce().catch((error: unknown) => events.notEnforced(error, 0));
    },
    answer: (outcome) => events.enforced(receipts.give(outcome)),
    stop,
  };
}

/** What fails is tried again with the next heads, or on the next connection. */
async function catchUpRoots(
  ports: CloudLinkPorts,
  session: Session,
): Promise<void> {
  const { roots, events } = ports;
  const from = fetching(ports, session);
  try {
    await roots.catchUp((version) => fetchRoot(from, version));
  } catch (error) {
    events.rootsMissed(roots.version, error);
  }
}

const fetching = (
  { identity, way, clock }: CloudLinkPorts,
  { welcome, ended, elsewhere }: Session,
): FetchOptions => ({
  base: httpUrl(new URL(elsewhere ?? identity.url), "/"),
  way,
  clock,
  session: welcome.session,
  signal: ended,
});

const HANDSHAKE_MS = 10_000;
