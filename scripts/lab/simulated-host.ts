import { randomUUID } from "node:crypto";
import { WebSocket } from "ws";
import type { Mode } from "../../agent/model/mode.js";
import { isBeat } from "../../agent/protocol/beat.js";
import type { Receipt } from "../../agent/protocol/documents.js";
import type { FeedPlan } from "../../agent/protocol/messages.js";
import { answerOf, questionIn } from "../../agent/protocol/requests.js";
import { openSegments } from "../../agent/protocol/segment.js";
import { openSnapshot } from "../../agent/protocol/snapshot.js";
import type { TelemetryItem } from "../../agent/protocol/telemetry.js";
import {
  wire2,
  type FromAgent,
  type FromCloud,
} from "../../agent/protocol/wire.js";
import type { SigningKey } from "../../agent/trust/keys.js";
import { signAsDevice } from "../../agent/trust/sign.js";
import { askForBytes } from "./ask.js";
import { batchOf, type Batch, type Batches } from "./batch.js";

/** Who it is, and where its cloud is. */
export interface SimulatedAs {
  readonly url: string;
  /** PEM of the authority of the cloud's certificate. */
  readonly ca?: string | undefined;
  readonly agent: string;
  readonly key: SigningKey;
  /** Of the program that it plays. */
  readonly version: string;
}

/** What a host does with what it is told; what is left out, the usual one does. */
export interface Ways {
  /** What a batch comes to, and in how many milliseconds it is in force. */
  takes?(batch: Batch): Taken;
  /** What it says when it is asked what bans would cut. */
  impact?(ranges: readonly string[]): Impact;
  /** It was welcomed, the first time or again. */
  welcomed?(): void;
}

export interface Taken {
  readonly afterMs: number;
  readonly mode: Mode;
  readonly counts: Pick<Receipt, "banned" | "observed" | "lifted">;
  readonly held: Receipt["held"];
}

export interface Impact {
  readonly live: number;
  readonly liveBegun: number;
  readonly recent: number;
  readonly recentBegun: number;
}

/**
 * A host that speaks the protocol, and has neither kernel nor disk: it takes in
 * what is pushed, and says by its device's signature that it has it in force, at
 * the pace of an agent. Nothing is put into a kernel.
 */
export class SimulatedHost implements Disposable {
  readonly #as: SimulatedAs;
  readonly #ways: Ways;
  readonly #batches: Batches;
  readonly #spool = randomUUID();
  readonly #stands = new Map<string, Receipt["position"]>();
  readonly #due = new Map<string, Due>();
  #link: Link | undefined;
  #reported = 0;
  #revision = 0;

  /** @param batches shared by all that get the same bytes */
  constructor(as: SimulatedAs, batches: Batches, ways: Ways = {}) {
    this.#as = as;
    this.#batches = batches;
    this.#ways = ways;
  }

  get isThere(): boolean {
    return this.#link?.isWelcome ?? false;
  }

  /** Resolves once it is told where the feeds stand; rejects when it is not. */
  connect(): Promise<void> {
    this.leave();
    const { url, ca } = this.#as;
    return new Promise((resolve, reject) => {
      const link = new Link(url, ca, {
        heard: (message) => {
          this.#hear(message, link);
          if (message.type !== "state" || link.isWelcome) return;
          link.isWelcome = true;
          resolve();
          this.#ways.welcomed?.();
        },
        pushed: (bytes) => this.#take(this.#batches.of(bytes)),
        ended: (why) => {
          if (this.#link === link) this.leave();
          reject(new Error(`the link ended: ${why}`));
        },
      });
      this.#link = link;
    });
  }

  leave(): void {
    for (const { timer } of this.#due.values()) clearTimeout(timer);
    this.#due.clear();
    this.#link?.[Symbol.dispose]();
    this.#link = undefined;
  }

  /** Says it as the next of its spool; while it is not there, nothing is kept. */
  report(...items: readonly TelemetryItem[]): boolean {
    if (!this.isThere || items.length === 0) return false;
    const first = this.#reported + 1;
    this.#reported += items.length;
    const spool = this.#spool;
    this.#send({ type: "telemetry", spool, first, items: [...items] });
    return true;
  }

  /** Says that it does not take in what a feed has. */
  refuse(feed: FeedPlan["feed"], detail: string): void {
    this.#send({ type: "refusal", feed, code: "malformed", detail });
  }

  [Symbol.dispose](): void {
    this.leave();
  }

  #send(message: FromAgent): void {
    this.#link?.send(message);
  }

  #hear(message: FromCloud, link: Link): void {
    if (message.type === "challenge") this.#greet(message);
    else if (message.type === "welcome") {
      link.session = message.session;
      this.#follow(message.plans);
    } else if (message.type === "plan") this.#follow(message.plans);
    else if (message.type === "resync") this.#resume(message.feed);
    else if (message.type === "request") {
      const question = questionIn(message);
      if (question !== undefined) this.#answer(question.id, question.ranges);
    }
  }

  #greet({ nonce, cloud }: FromCloud & { readonly type: "challenge" }): void {
    const { agent, key, version } = this.#as;
    const said = { agent, nonce, cloud, time: Date.now(), version };
    const positions = [...this.#stands.values()];
    const hello = wire2.helloOf({ ...said, boot: randomUUID(), positions }, [
      "requests",
      "rings",
    ]);
    this.#send({ type: "hello", ...signAsDevice("hello", hello, key, 2) });
  }

  #answer(id: string, ranges: readonly string[]): void {
    const none = { live: 0, liveBegun: 0, recent: 0, recentBegun: 0 };
    const sums = this.#ways.impact?.(ranges) ?? none;
    const since = Date.now() - 60 * 60 * 1_000;
    const told = { type: "impact-answer", id, since, whole: true } as const;
    this.#send(answerOf({ ...told, ...sums }));
  }

  #follow(plans: readonly FeedPlan[]): void {
    for (const plan of plans) {
      if (plan.mode === "tail") continue;
      void this.#catchUp(plan).then(
        () => this.#resume(plan.feed),
        () => this.#link?.[Symbol.dispose](),
      );
    }
  }

  async #catchUp(plan: Exclude<FeedPlan, { readonly mode: "tail" }>) {
    if (plan.mode === "snapshot") {
      const bytes = await this.#fetch(`/v1/snapshots/${plan.sha256}`);
      const { feed, epoch, offset, hash, bans } = openSnapshot(bytes).header;
      const place = { feed, epoch, offset, hash };
      this.#stands.set(feed, place);
      const counts = { banned: bans, observed: 0, lifted: 0 };
      this.#say(place, { ...AT_ONCE, counts });
      return;
    }
    const { feed, epoch, from: first } = plan;
    const query = new URLSearchParams({ feed, epoch, from: String(first) });
    const bytes = await this.#fetch(`/v1/segments?${query.toString()}`);
    for (const { segment } of openSegments(bytes)) this.#take(batchOf(segment));
  }

  #fetch(path: string): Promise<Buffer> {
    const { url, ca } = this.#as;
    const token = this.#link?.session ?? "";
    const asking = { method: "GET", token, ...(ca !== undefined && { ca }) };
    return askForBytes(new URL(path, url), asking);
  }

  #resume(feed: FeedPlan["feed"]): void {
    const position = this.#stands.get(feed);
    this.#send({ type: "resume", feed, ...(position && { position }) });
  }

  /** What comes before it was caught up with, or again, is passed over. */
  #take(batch: Batch): void {
    const { feed, epoch } = batch.place;
    const at = this.#stands.get(feed);
    const next = at?.epoch === epoch ? at.offset + 1 : 1;
    if (batch.first !== next) return;
    this.#stands.set(feed, batch.place);
    const taken = this.#ways.takes?.(batch) ?? AT_ONCE;
    const before = this.#due.get(feed);
    // A receipt that names what is held is never left out for a later one.
    if (before !== undefined && before.taken.held.length > 0) this.#tell(feed);
    this.#owe(feed, { place: batch.place, taken, receivedAt: Date.now() });
  }

  /** As agents do: the newest of a feed, at most twenty times a second. */
  #owe(feed: string, told: Omit<Due, "timer">): void {
    const before = this.#due.get(feed);
    const waitMs = Math.max(told.taken.afterMs, PACE_MS);
    const timer = before?.timer ?? setTimeout(() => this.#tell(feed), waitMs);
    this.#due.set(feed, { ...told, timer });
  }

  #tell(feed: string): void {
    const due = this.#due.get(feed);
    if (due === undefined) return;
    clearTimeout(due.timer);
    this.#due.delete(feed);
    this.#say(due.place, due.taken, due.receivedAt);
  }

  #say(
    position: Receipt["position"],
    { mode, counts, held, afterMs }: Taken,
    receivedAt = Date.now(),
  ): void {
    const { agent, key } = this.#as;
    this.#revision += 1;
    const receipt: Receipt = {
      ...{ agent, position, revision: this.#revision },
      ...{ backend: "nftables", mode, ...counts, expired: 0 },
      ...{ heldTotal: held.length, held: held.slice(0, MOST_NAMED) },
      ...{ receivedAt, recordedMs: afterMs / 3, enforcedMs: afterMs },
    };
    this.#send({
      ...{ type: "receipt", ...signAsDevice("receipt", receipt, key, 2) },
    });
  }
}

interface Due {
  readonly place: Receipt["position"];
  readonly taken: Taken;
  readonly receivedAt: number;
  readonly timer: NodeJS.Timeout;
}

interface Hearing {
  heard(message: FromCloud): void;
  pushed(segment: Buffer): void;
  ended(why: string): void;
}

/** One connection. */
class Link implements Disposable {
  readonly #socket: WebSocket;
  /** By which it may fetch. */
  session = "";
  isWelcome = false;

  constructor(url: string, ca: string | undefined, hearing: Hearing) {
    const address = `${url.replace(/^http/, "ws")}/v1/agent`;
    const options = ca === undefined ? {} : { ca };
    this.#socket = new WebSocket(address, [wire2.subprotocol], options);
    this.#socket.on("error", ({ message }) => hearing.ended(message));
    this.#socket.on("close", (code) => hearing.ended(`closed with ${code}`));
    this.#socket.on("message", (data: Buffer, isBinary) => {
      if (!isBinary) hearing.heard(wire2.fromCloud(data.toString()));
      else if (!isBeat(data)) hearing.pushed(data);
    });
  }

  send(message: FromAgent): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    this.#socket.send(wire2.write(message));
  }

  [Symbol.dispose](): void {
    this.#socket.terminate();
  }
}

const PACE_MS = 50;

/** As many as a receipt has room for. */
const MOST_NAMED = 64;

const AT_ONCE: Taken = {
  ...{ afterMs: 0, mode: "enforce", held: [] },
  counts: { banned: 0, observed: 0, lifted: 0 },
};
