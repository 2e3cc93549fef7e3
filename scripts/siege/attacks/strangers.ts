import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect as connectTcp, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { connect as connectTls } from "node:tls";
import type { Attack } from "../attack.js";
import { clockFor, type Target } from "../target.js";

/** People whom the cloud has never seen, at the door that is open to the world. */
export const strangers: readonly Attack[] = [
  {
    name: "fragments",
    what: "strangers send messages in 16,000 fragments that never end",
    throwAt: (target) =>
      crowd(target, 400, async (stranger) => {
        const socket = await upgraded(target, stranger);
        socket.write(FIRST_FRAGMENT);
        for (let i = 0; i < 160; i++) socket.write(MORE_FRAGMENTS);
        await once(socket, "close");
      }),
  },
  {
    name: "half-hellos",
    what: "strangers upgrade, hear the challenge, and say nothing",
    throwAt: (target) =>
      crowd(target, 1_000, async (stranger) => {
        const socket = await upgraded(target, stranger);
        await once(socket, "close");
      }),
  },
  {
    name: "idle",
    what: "strangers hold thousands of connections open and say nothing",
    throwAt: (target) =>
      crowd(target, 8_000, async (stranger) => {
        const socket = await dialed(target, stranger);
        await once(socket, "close");
      }),
  },
  {
    name: "slow-headers",
    what: "strangers send their requests one byte a second",
    throwAt: (target) =>
      crowd(target, 500, async (stranger) => {
        const socket = await encrypted(target, stranger);
        for (const byte of "GET / HTTP/1.1\r\nHost: x\r\nX-Long: " +
          "a".repeat(600)) {
          if (socket.destroyed) return;
          socket.write(byte);
          await sleep(1_000);
        }
      }),
  },
  {
    name: "door",
    what: "strangers from many networks upgrade and leave, as fast as they can",
    throwAt: (target) =>
      crowd(target, 64, async (stranger) => {
        const socket = await upgraded(target, stranger);
        socket.destroy();
      }),
  },
];

/**
 * So many at a time, each again as soon as it was turned away, from addresses of
 * many networks; bounded in rate, for the attacker has a processor as well.
 */
async function crowd(
  target: Target,
  size: number,
  come: (stranger: number) => Promise<void>,
): Promise<string> {
  const clock = clockFor(target);
  let came = 0;
  let refused = 0;
  const one = async () => {
    while (clock.goesOn()) {
      const stranger = came++;
      await come(stranger).catch(() => refused++);
      await sleep(10);
    }
  };
  const all: Promise<void>[] = [];
  for (let i = 0; i < size && clock.goesOn(); i++) {
    all.push(one());
    if (i % 10 === 9) await sleep(10);
  }
  await Promise.race([Promise.all(all), whenOver(clock)]);
  return `${came} visits of strangers, ${refused} of them refused`;
}

async function whenOver(clock: { goesOn(): boolean }): Promise<void> {
  while (clock.goesOn()) await sleep(100);
}

/** One of 64 networks of 198.18.0.0/15, each with some addresses. */
const addressOf = (stranger: number): string =>
  `198.18.${stranger % 64}.${1 + (Math.floor(stranger / 64) % 250)}`;

async function dialed(target: Target, stranger: number): Promise<Socket> {
  const socket = connectTcp({
    host: target.cloudAddress,
    port: target.port,
    localAddress: addressOf(stranger),
  });
  socket.on("error", () => undefined);
  await once(socket, "connect");
  return socket;
}

async function encrypted(target: Target, stranger: number): Promise<Socket> {
  const socket = await dialed(target, stranger);
  const ca = target.ca === undefined ? undefined : readFileSync(target.ca);
  const secure = connectTls({ socket, ...(ca && { ca }) });
  secure.on("error", () => undefined);
  await once(secure, "secureConnect");
  return secure;
}

/** A WebSocket by hand: a library would not send what is sent here. */
async function upgraded(target: Target, stranger: number): Promise<Socket> {
  const socket = await encrypted(target, stranger);
  const head = [
    "GET /v1/agent HTTP/1.1",
    `Host: ${target.cloudAddress}:${target.port}`,
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    "Sec-WebSocket-Protocol: tourniquet.v1",
  ];
  socket.write(`${head.join("\r\n")}\r\n\r\n`);
  const [data] = (await once(socket, "data")) as [Buffer];
  if (!data.toString("latin1").startsWith("HTTP/1.1 101")) {
    socket.destroy();
    throw new Error("refused");
  }
  socket.resume();
  return socket;
}

/** RFC 6455 §5.2: a text frame that others follow, one masked byte of "{". */
const FIRST_FRAGMENT = Buffer.from([0x01, 0x81, 0, 0, 0, 0, 0x7b]);
const MORE_FRAGMENTS = Buffer.concat(
  Array.from({ length: 100 }, () =>
    Buffer.from([0x00, 0x81, 0, 0, 0, 0, 0x20]),
  ),
);
