import { randomUUID } from "node:crypto";
import { WebSocket } from "ws";
import {
  audienceOf,
  type FeedName,
  type Position,
} from "../../../agent/model/position.js";
import { isBeat } from "../../../agent/protocol/beat.js";
import type { Receipt } from "../../../agent/protocol/documents.js";
import type { FeedPlan } from "../../../agent/protocol/messages.js";
import { openSegment, type Segment } from "../../../agent/protocol/segment.js";
import type { TelemetryItem } from "../../../agent/protocol/telemetry.js";
import {
  wire1,
  type FromAgent,
  type FromCloud,
  type Wire,
} from "../../../agent/protocol/wire.js";
import { signAsDevice } from "../../../agent/trust/sign.js";
import type { Enrolled } from "../cloud/cloud.js";

type MessageOf<T extends FromCloud["type"]> = FromCloud & { type: T };

/** A bare protocol client: says what the test says, and nothing by itself. */
export class TestAgent implements Disposable {
  readonly messages: FromCloud[] = [];
  readonly segments: Segment[] = [];
  readonly beats: Buffer[] = [];
  /** `performance.now()` at which each segment had come. */
  readonly arrivals: number[] = [];
  readonly ended: Promise<{ code: number; reason: string }>;
  readonly spool = randomUUID();
  readonly #wakers = new Set<() => void>();
  #reported = 0;

  constructor(
    readonly socket: WebSocket,
    readonly wire: Wire = wire1,
  ) {
    this.ended = new Promise((resolve) => {
      socket.on("close", (code, reason) => {
        resolve({ code, reason: reason.toString() });
      });
    });
    socket.on("error", () => undefined);
    socket.on("message", (data: Buffer, isBinary) => {
      if (isBinary && isBeat(data)) this.beats.push(data);
      else if (isBinary) {
        this.arrivals.push(performance.now());
        this.segments.push(openSegment(data));
      } else this.messages.push(wire.fromCloud(data.toString()));
      for (const wake of this.#wakers) wake();
    });
  }

  /** Offers the one version, unless told what else to name. */
  static dial(url: string, wire = wire1, offered = [wire.subprotocol]) {
    const address = `${url.replace(/^http/, "ws")}/v1/agent`;
    return new TestAgent(new WebSocket(address, offered), wire);
  }

  /** Connects and says hello, up to the first heads. */
  static async connect(
    cloud: { readonly url: string },
    who: Enrolled,
    positions: readonly Position[] = [],
    wire = wire1,
  ) {
    const agent = TestAgent.dial(cloud.url, wire);
    await agent.hello(who, positions);
    const welcome = await agent.next("welcome");
    await agent.next(wire.version === 1 ? "heads" : "state");
    return Object.assign(agent, { welcome });
  }

  /** Answers the challenge, and returns its nonce. */
  async hello(
    who: Enrolled,
    positions: readonly Position[] = [],
    lies: object = {},
  ): Promise<string> {
    const { nonce, cloud } = await this.next("challenge");
    const { wire } = this;
    const said = {
      ...{ agent: who.agent, nonce, cloud, time: Date.now() },
      ...{ version: "0.1.0", boot: randomUUID() },
      positions: positions.map(wirePosition),
    };
    const hello = { ...wire.helloOf(said, []), ...lies };
    const signed = signAsDevice("hello", hello, who.key, wire.version);
    this.send({ type: "hello", ...signed });
    return nonce;
  }

  send(message: FromAgent): void {
    this.socket.send(this.wire.write(message));
  }

  sendReceipt(
    who: Enrolled,
    position: Position,
    more: Partial<Receipt> = {},
  ): void {
    const receipt: Receipt = {
      agent: who.agent,
      position: wirePosition(position),
      ...{ revision: 1, backend: "dry-run", mode: "enforce", banned: 1 },
      ...{
        observed: 0,
        lifted: 0,
        expired: 0,
        heldTotal: 0,
        held: [],
        receivedAt: Date.now(),
      },
      ...{ recordedMs: 1, enforcedMs: 1.5 },
      ...more,
    };
    const { version } = this.wire;
    const signed = signAsDevice("receipt", receipt, who.key, version);
    this.send({ type: "receipt", ...signed });
  }

  /** Sends items as the next of a spool, and waits until they are durable. */
  async report(...items: readonly TelemetryItem[]): Promise<void> {
    const first = this.#reported + 1;
    this.#reported += items.length;
    const { spool } = this;
    this.send({ type: "telemetry", spool, first, items: [...items] });
    while ((await this.next("telemetry-ack")).through < this.#reported);
  }

  /** The next message of the type, whether it came before or comes yet. */
  async next<T extends FromCloud["type"]>(type: T): Promise<MessageOf<T>> {
    for (;;) {
      const at = this.messages.findIndex((message) => message.type === type);
      if (at >= 0) return this.messages.splice(at, 1)[0] as MessageOf<T>;
      await this.#news(type);
    }
  }

  /** The plan of a feed: the welcome's, or one that came later. */
  async planOf(
    { plans }: { readonly plans: readonly FeedPlan[] },
    feed: FeedName,
  ): Promise<FeedPlan> {
    const found = plans.find((plan) => plan.feed === feed);
    return found ?? this.planOf(await this.next("plan"), feed);
  }

  async nextSegment(): Promise<Segment> {
    for (;;) {
      const segment = this.segments.shift();
      if (segment !== undefined) return segment;
      await this.#news("segment");
    }
  }

  [Symbol.dispose](): void {
    this.socket.terminate();
  }

  #news(what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const wake = () => {
        this.#wakers.delete(wake);
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#wakers.delete(wake);
        reject(new Error(`no ${what} came`));
      }, 15_000);
      this.#wakers.add(wake);
    });
  }
}

/** Where an agent stands that took the segment in. */
export function positionAfter({ header, hash }: Segment): Position {
  const { feed, epoch, last } = header;
  if (header.audience !== audienceOf(feed)) throw new Error("wrong audience");
  return { feed, epoch, offset: last, hash };
}

export const wirePosition = (position: Position) => ({
  ...position,
  hash: Buffer.from(position.hash).toString("hex"),
});
