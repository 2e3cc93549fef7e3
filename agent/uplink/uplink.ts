import { isOverlongPolicy } from "../protocol/messages-v2.js";
import { Malformed } from "../protocol/malformed.js";
import { closeCodes } from "../protocol/close-codes.js";
import type { FromAgent, FromCloud, Wire } from "../protocol/wire.js";
import type { Clock } from "../runtime/clock.js";
import type { Connection, Frame } from "./connection.js";
import {
  LinkDowngraded,
  LinkDrained,
  LinkError,
  LinkGarbled,
  type Patience,
} from "./errors.js";
import { next, type LinkState } from "./link-state.js";
import { watchLiveness } from "./liveness.js";
import { retryDelayMs } from "./retry-delay.js";

/** What the uplink needs of the world. */
export interface UplinkPorts {
  /** Elsewhere than at this agent's own URL where its cloud has said so. */
  dial(signal: AbortSignal, elsewhere?: string): Promise<Connection>;
  /** Answers the cloud's challenge in the version that is spoken. */
  hello(challenge: Challenge, wire: Wire): FromAgent;
  /** Whether another hello may be taken than the one that this loss answered. */
  hasOtherHello?(error: unknown): boolean;
  readonly clock: Clock;
  /** From 0 to 1. */
  random(): number;
  readonly events: UplinkEvents;
}

/** What the uplink reports beside the stream. */
export interface UplinkEvents {
  linkLost(error: Error, retryInMs: number): void;
  /** The cloud's policy does not fit a frame; what it wanted before stays. */
  policyTooLong(): void;
}

export type Challenge = FromCloud & { readonly type: "challenge" };
export type Welcome = FromCloud & { readonly type: "welcome" };

/** A link whose two ends have introduced themselves. */
export interface Session {
  readonly welcome: Welcome;
  /** The version of the protocol that is spoken. */
  readonly wire: Wire;
  /** What the cloud can do; of version 1 nothing beyond it. */
  readonly capabilities: ReadonlySet<string>;
  /** Of the challenge that was answered. */
  readonly nonce: string;
  readonly remoteAddress: string;
  /** Where the cloud has sent this agent; undefined: its own URL. */
  readonly elsewhere: string | undefined;
  /** Sends now, or drops the message when the link is gone. */
  send(message: FromAgent): void;
  /** Aborted when the link is lost. */
  readonly ended: AbortSignal;
}

export type UplinkItem =
  | { readonly kind: "up"; readonly session: Session }
  | { readonly kind: "message"; readonly message: FromCloud }
  | { readonly kind: "beat"; readonly bytes: Buffer }
  | {
      readonly kind: "segment";
      readonly bytes: Buffer;
      readonly receivedAt: number;
      readonly arrivedAt: number;
    };

/** One stream of what the cloud says, however many connections it takes. */
export async function* uplink(
  ports: UplinkPorts,
  signal: AbortSignal,
): AsyncGenerator<UplinkItem, void> {
  const { clock, events } = ports;
  let link: LinkState = { at: "dialing", failures: 0 };
  /** Where the cloud said to try first, in its order. */
  let urls: string[] = [];
  for (;;) {
    const opened = () =>
      (link = next(link, { kind: "opened", now: clock.monotonic() }));
    const elsewhere = urls.shift();
    const error: unknown = yield* oneConnection(
      { ...ports, dial: (stop) => ports.dial(stop, elsewhere), elsewhere },
      opened,
      signal,
    );
    if (signal.aborted) return;
    if (link.at === "open") urls = [];
    if (error instanceof LinkDrained) urls = [...error.order.urls];
    const patience = ports.hasOtherHello?.(error) ? SOON : patienceWith(error);
    link = next(link, { kind: "lost", now: clock.monotonic(), patience });
    const delayMs = retryDelayMs(patience, link.failures, () => ports.random());
    events.linkLost(error as Error, delayMs);
    await clock.sleep(delayMs, signal).catch(() => undefined);
    link = next(link, { kind: "waited" });
  }
}

/** Yields everything that one connection brings and returns what ended it. */
async function* oneConnection(
  ports: UplinkPorts & Pick<Session, "elsewhere">,
  opened: () => void,
  signal: AbortSignal,
): AsyncGenerator<UplinkItem, unknown> {
  const ended = new AbortController();
  try {
    await using connection = await ports.dial(signal);
    signal.throwIfAborted();
    const stop = () => connection.drop(new LinkGarbled("stopped here"));
    signal.addEventListener("abort", stop, {
      once: true,
      signal: ended.signal,
    });
    const frames = connection.frames();
    const greeting = await greet(ports, connection, frames);
    opened();
    using _watch = watchLiveness(
      connection,
      greeting.welcome.heartbeatMs,
      ports.clock,
    );
    const { elsewhere } = ports;
    const session = sessionOf(connection, greeting, ended.signal);
    yield { kind: "up", session: { ...session, elsewhere } };
    for await (const frame of frames) {
      if (isPassedOver(frame, connection.wire)) ports.events.policyTooLong();
      else yield itemOf(frame, connection.wire);
    }
    return undefined;
  } catch (error) {
    return error;
  } finally {
    ended.abort();
  }
}

async function greet(
  ports: UplinkPorts,
  connection: Connection,
  frames: AsyncGenerator<Frame, never>,
): Promise<Pick<Session, "nonce" | "welcome">> {
  using _deadline = ports.clock.every(GREETING_MS, () =>
    connection.drop(new LinkGarbled("the cloud did not greet in time")),
  );
  const { wire } = connection;
  const challenge = await expectMessage(frames, "challenge", wire);
  if (wire.isDowngrade(challenge.nonce)) {
    connection.leaveWith(closeCodes.downgraded);
    throw new LinkDowngraded();
  }
  connection.send(wire.write(ports.hello(challenge, wire)));
  const welcome = await expectMessage(frames, "welcome", wire);
  return { nonce: challenge.nonce, welcome };
}

/** A peer that accepts the connection and then says nothing is no cloud. */
const GREETING_MS = 20_000;

async function expectMessage<T extends FromCloud["type"]>(
  frames: AsyncGenerator<Frame, never>,
  type: T,
  wire: Wire,
): Promise<FromCloud & { readonly type: T }> {
  const { value: frame } = await frames.next();
  const item = itemOf(frame, wire);
  if (item.kind === "message" && isOfType(item.message, type)) {
    return item.message;
  }
  throw new LinkGarbled(`expected a ${type} and got something else`);
}

function isOfType<T extends FromCloud["type"]>(
  message: FromCloud,
  type: T,
): message is FromCloud & { readonly type: T } {
  return message.type === type;
}

const isPassedOver = (frame: Frame, { version }: Wire): boolean =>
  version === 2 && frame.kind !== "binary" && isOverlongPolicy(frame.text);

function itemOf(frame: Frame, wire: Wire): UplinkItem {
  if (frame.kind === "binary") {
    return { ...frame, kind: wire.binary(frame.bytes) };
  }
  const message = decodeOrDrop(frame.text, wire);
  if (message.type === "drain") {
    throw new LinkDrained({ afterMs: 0, urls: [], ...message });
  }
  return { kind: "message", message };
}

function decodeOrDrop(text: string, wire: Wire): FromCloud {
  try {
    return wire.fromCloud(text);
  } catch (cause) {
    if (!(cause instanceof Malformed)) throw cause;
    throw new LinkGarbled(cause.message, { cause });
  }
}

function sessionOf(
  connection: Connection,
  greeting: Pick<Session, "nonce" | "welcome">,
  ended: AbortSignal,
): Omit<Session, "elsewhere"> {
  const { wire, remoteAddress } = connection;
  return {
    ...greeting,
    ...{ wire, remoteAddress },
    capabilities: new Set(wire.capabilitiesOf(greeting.welcome)),
    send: (message) => connection.send(wire.write(message)),
    ended,
  };
}

const SOON: Patience = { kind: "backoff" };

function patienceWith(error: unknown): Patience {
  return error instanceof LinkError ? error.patience() : { kind: "backoff" };
}
