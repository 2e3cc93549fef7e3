import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocket } from "ws";
import { hashToHex } from "../../agent/model/position.js";
import { isBeat } from "../../agent/protocol/beat.js";
import type { Receipt } from "../../agent/protocol/documents.js";
import { openSegment } from "../../agent/protocol/segment.js";
import { wire2 } from "../../agent/protocol/wire.js";
import { keyFromPem, type SigningKey } from "../../agent/trust/keys.js";
import { signAsDevice } from "../../agent/trust/sign.js";
import type { CrowdSetup } from "./crowd.js";

/**
 * Sessions of so many hosts: each takes in what is pushed, and says that it has it
 * in force, at the pace of an agent. Nothing is put into a kernel.
 */
class Member {
  readonly #socket: WebSocket;
  readonly #agent: string;
  readonly #key: SigningKey;
  /** Resolves once it is told where the feeds stand. */
  readonly welcomed: Promise<void>;
  #due: Receipt["position"] | undefined;
  #saidAt = 0;

  constructor(url: string, agent: string, key: SigningKey) {
    this.#agent = agent;
    this.#key = key;
    const address = `${url.replace(/^http/, "ws")}/v1/agent`;
    const socket = new WebSocket(address, [wire2.subprotocol]);
    this.#socket = socket;
    this.welcomed = new Promise((resolve, reject) => {
      socket.on("error", reject);
      socket.on("close", (code) => reject(new Error(`closed with ${code}`)));
      socket.on("message", (data: Buffer, isBinary) => {
        if (isBinary && !isBeat(data)) this.#take(data);
        else if (!isBinary) this.#hear(data.toString(), resolve);
      });
    });
  }

  #hear(text: string, welcomed: () => void): void {
    const message = wire2.fromCloud(text);
    if (message.type === "state") welcomed();
    if (message.type !== "challenge") return;
    const { nonce, cloud } = message;
    const said = { agent: this.#agent, nonce, cloud, time: Date.now() };
    const more = { version: "0.6.0", boot: randomUUID(), positions: [] };
    const hello = wire2.helloOf({ ...said, ...more }, []);
    const signed = signAsDevice("hello", hello, this.#key, 2);
    this.#socket.send(wire2.write({ type: "hello", ...signed }));
  }

  #take(data: Buffer): void {
    const isFirst = this.#due === undefined;
    this.#due = placeOf(data);
    const waitMs = this.#saidAt + PACE_MS - performance.now();
    if (waitMs <= 0) this.#say();
    else if (isFirst) setTimeout(() => this.#say(), waitMs);
  }

  #say(): void {
    const position = this.#due;
    if (position === undefined) return;
    this.#due = undefined;
    this.#saidAt = performance.now();
    const receipt: Receipt = {
      ...{ agent: this.#agent, position, revision: position.offset },
      ...{ backend: "dry-run", mode: "enforce", banned: 0, observed: 0 },
      ...{ lifted: 0, expired: 0, heldTotal: 0, held: [] },
      ...{ receivedAt: Date.now(), recordedMs: 0, enforcedMs: 0 },
    };
    const signed = signAsDevice("receipt", receipt, this.#key, 2);
    this.#socket.send(wire2.write({ type: "receipt", ...signed }));
  }
}

/** The place behind a segment; all get the same bytes, which are read once. */
function placeOf(data: Buffer): Receipt["position"] {
  const start = data.toString("latin1", 0, HEAD_BYTES);
  const known = places.get(start);
  if (known !== undefined) return known;
  const { header, hash } = openSegment(data);
  const { feed, epoch, last: offset } = header;
  const place = { feed, epoch, offset, hash: hashToHex(hash) };
  places.set(start, place);
  return place;
}

const places = new Map<string, Receipt["position"]>();

/** A header's feed, place and the hash before it. */
const HEAD_BYTES = 512;

/** As agents do: the newest of a feed, at most twenty times a second. */
const PACE_MS = 50;

/** A place may open 50 sessions a second, and 200 at once. */
const PAUSE_MS = 25;

const [, , file = ""] = process.argv;
const { url, members } = JSON.parse(readFileSync(file, "utf8")) as CrowdSetup;
const welcomed: Promise<void>[] = [];
for (const { agent, key } of members) {
  welcomed.push(new Member(url, agent, keyFromPem(key)).welcomed);
  await sleep(PAUSE_MS);
}
await Promise.all(welcomed);
process.stdout.write("ready\n");
