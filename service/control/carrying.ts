import type { IncomingMessage } from "node:http";
import type { AgentOrders, AgentView } from "../../agent/agent.js";
import { StandsAlone } from "../../agent/config/identity.js";
import { LedgerFull } from "../../agent/ledger/damage.js";
import { hashToHex, type Position } from "../../agent/model/position.js";
import { isoTime } from "../../agent/text/time.js";
import { messageOf } from "../../agent/text/message.js";
import { NotReceived } from "../../agent/walks/carry/bundle-file.js";
import { BundleRefused } from "../../agent/walks/carry/bundle-refused.js";
import {
  BusyCarrying,
  type Applied,
  type AppliedFeed,
} from "../../agent/walks/carry/carry.js";
import { DRY_RUN } from "./dry-run.js";
import { peerOf } from "./peer.js";
import type { Place } from "./positions.js";
import type { Answer } from "./reply.js";

/** What `tourniquet apply --json` prints. Times are ISO 8601. */
export interface AppliedView {
  readonly madeAt: string;
  /** When the first of what it brings runs out; null where it brings nothing. */
  readonly goodUntil: string | null;
  /** Nothing was taken: this is what would be. */
  readonly dryRun: boolean;
  readonly root: { readonly before: number; readonly after: number };
  readonly approvals: number;
  readonly feeds: readonly AppliedFeedView[];
}

export interface AppliedFeedView {
  readonly feed: string;
  /** Whether it moved this host on, found it there, or found it past that. */
  readonly standing: AppliedFeed["standing"];
  /** Null where the host has nothing of the feed. */
  readonly before: Place | null;
  readonly after: Place | null;
  readonly banned: number;
  readonly observed: number;
  readonly lifted: number;
  readonly expired: number;
  readonly held: number;
  /** In force until then, unless this host is seen to live on with it. */
  readonly trial: { readonly bans: number; readonly until: string } | null;
  /** What stopped it on the way; null for nothing. */
  readonly stopped: string | null;
}

/** Takes in the bundle that a request brings. */
export async function applyBundle(
  { carry }: Pick<AgentOrders, "carry">,
  request: IncomingMessage,
  tell: (note: string) => void,
): Promise<Answer> {
  const size = Number(request.headers["content-length"]);
  const dryRun = request.headers[DRY_RUN] === "true";
  try {
    const by = await peerOf(request.socket);
    const handed = { bytes: request, size, dryRun };
    const applied = await carry.apply(handed, by, tell);
    return { status: 200, body: viewOf(applied) };
  } catch (error) {
    request.resume(); // what is not read must not hold up the answer
    const status = STATUS.find(([kind]) => error instanceof kind)?.[1];
    if (status === undefined) throw error;
    return { status, body: { error: messageOf(error) } };
  }
}

const STATUS: readonly (readonly [
  abstract new (...args: never[]) => Error,
  number,
])[] = [
  [BundleRefused, 422],
  [NotReceived, 413],
  [BusyCarrying, 409],
  [LedgerFull, 507],
  [StandsAlone, 409],
];

/** What somebody carries to the cloud. */
export function receiptsOf({ carried }: Pick<AgentView, "carried">): Answer {
  try {
    return { status: 200, body: carried.receipts() };
  } catch (error) {
    if (!(error instanceof StandsAlone)) throw error;
    return { status: 409, body: { error: error.message } };
  }
}

const viewOf = ({
  madeAt,
  goodUntil,
  feeds,
  ...rest
}: Applied): AppliedView => ({
  ...rest,
  madeAt: isoTime(madeAt),
  goodUntil: goodUntil === undefined ? null : isoTime(goodUntil),
  feeds: feeds.map(feedView),
});

const feedView = (applied: AppliedFeed): AppliedFeedView => ({
  feed: applied.feed,
  standing: applied.standing,
  before: placeOf(applied.before),
  after: placeOf(applied.after),
  ...applied.counts,
  trial: applied.trial
    ? { bans: applied.trial.bans, until: isoTime(applied.trial.until) }
    : null,
  stopped: applied.stopped ?? null,
});

const placeOf = (at: Position | undefined): Place | null =>
  at === undefined
    ? null
    : { epoch: at.epoch, offset: at.offset, hash: hashToHex(at.hash) };
