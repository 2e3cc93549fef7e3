import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { FOREVER, type Op } from "../../../agent/model/ban.js";
import { cidrOf } from "../../../agent/model/cidr.js";
import { limits } from "../../../agent/protocol/limits.js";
import type { ProtocolVersion } from "../../../agent/protocol/signed-text.js";
import {
  FakeCloud,
  FakeFeed,
  type FakeLink,
} from "../../../test/support/cloud/fake-cloud.js";
import type { Attack } from "../attack.js";
import { AT } from "../stage.js";
import { clockFor, type Target } from "../target.js";

/** Who has the cloud's connection, with or without its content key. */
export const hostileClouds: readonly Attack[] = [
  {
    name: "held",
    what: "a stolen content key signs bans without end that guards hold, all at once",
    stage: { hostile: true },
    throwAt: (target) => sign(target, heldBans),
  },
  {
    name: "held-disk",
    what: "the same, where the host has a disk of 24 MB",
    stage: { hostile: true, hostDiskMb: 24 },
    throwAt: (target) => sign(target, heldBans),
  },
  {
    name: "churn",
    what: "a stolen content key bans and lifts 4,096 ranges, again and again",
    stage: { hostile: true },
    throwAt: (target) => sign(target, churn),
  },
  {
    name: "asks",
    what: "a cloud without keys asks what bans would cut, and never reads",
    stage: { hostile: true },
    throwAt: (target) => speak(target, 1, question),
  },
  {
    name: "requests",
    what: "the same in version 2, of kinds that no host knows, and never reads",
    stage: { hostile: true },
    throwAt: (target) => speak(target, 2, request),
  },
  {
    name: "beats",
    what: "a cloud without keys says in version 2 states and beats without end",
    stage: { hostile: true },
    throwAt: (target) => speak(target, 2, beat),
  },
];

/** Segments of one feed, each as soon as the one before was answered. */
async function sign(
  target: Target,
  opsOf: (number: number) => readonly Op[],
): Promise<string> {
  const clock = clockFor(target);
  await using cloud = await hostileCloud(target);
  let feed = new FakeFeed();
  let ops = 0;
  let segments = 0;
  while (clock.goesOn()) {
    try {
      const link = await cloud.link();
      feed = new FakeFeed("urgent", `e${segments}`);
      await link.welcome([feed.tail()]);
      while (clock.goesOn() && link.closeCode === undefined) {
        const batch = opsOf(segments++);
        link.push(feed.append(batch));
        ops += batch.length;
        await answered(link);
      }
    } catch {
      await sleep(100); // it went away; it comes back
    }
  }
  return `${ops} ops in ${segments} segments`;
}

/** A receipt or a refusal: whichever, it is ready for the next. */
async function answered(link: FakeLink): Promise<void> {
  for (let waited = 0; waited < 5_000; waited += 5) {
    if (link.untaken.length > 0) {
      link.forget();
      return;
    }
    await sleep(5);
  }
}

const heldBans = (number: number): readonly Op[] =>
  Array.from({ length: limits.segmentOps }, (_, i) => ({
    op: "ban",
    cidr: single(45, number * limits.segmentOps + i),
    expiresAt: FOREVER,
    reason: `${number}-${i} `.padEnd(256, "x"),
    observed: false,
  }));

const churn = (number: number): readonly Op[] =>
  Array.from({ length: limits.segmentOps }, (_, i): Op => {
    const cidr = single(46, i);
    if (number % 2 === 1) return { op: "lift", cidr };
    return {
      ...{ op: "ban", cidr, reason: `churn ${number}`, observed: false },
      expiresAt: Math.floor(Date.now() / 1000) + 3_600,
    };
  });

const single = (net: number, number: number) =>
  cidrOf(
    Uint8Array.of(
      net + ((number >>> 24) & 15),
      (number >>> 16) & 255,
      (number >>> 8) & 255,
      number & 255,
    ),
    32,
  );

/** Says the same without end, and reads nothing. */
async function speak(
  target: Target,
  protocol: ProtocolVersion,
  say: (link: FakeLink) => void,
): Promise<string> {
  const clock = clockFor(target);
  await using cloud = await hostileCloud(target, protocol);
  let said = 0;
  while (clock.goesOn()) {
    try {
      const link = await cloud.welcomed();
      link.socket.pause();
      while (clock.goesOn() && link.socket.readyState === 1) {
        for (let i = 0; i < 200; i++) {
          said++;
          say(link);
        }
        do await sleep(5);
        while (link.socket.bufferedAmount > 1e6 && clock.goesOn());
      }
    } catch {
      await sleep(100);
    }
  }
  return `${said} messages, and no answer read`;
}

function question(link: FakeLink): void {
  const ranges = ["45.0.0.0/24"];
  link.say({ type: "impact-question", id: randomUUID(), ranges });
}

function request(link: FakeLink): void {
  const body = { steps: "x".repeat(1_000) };
  link.say({ type: "request", id: randomUUID(), kind: "dance", body });
}

/** Signed by a key that no root lists. */
function beat(link: FakeLink): void {
  const state = link.sayState([new FakeFeed().at()], Date.now(), "stranger");
  link.sayBeat(state, Date.now(), "stranger");
}

async function hostileCloud(
  { ca, port }: Target,
  protocol: ProtocolVersion = 2,
): Promise<FakeCloud> {
  if (ca === undefined) throw new Error("no certificate");
  const abroad = {
    address: AT.attacker[4],
    cert: readFileSync(ca, "utf8"),
    key: readFileSync(ca.replace(/\.pem$/, ".key"), "utf8"),
  };
  return FakeCloud.start(port, abroad, protocol);
}
