import { readFileSync } from "node:fs";
import { request } from "node:https";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocket } from "ws";
import { parseCidr } from "../../../agent/model/cidr.js";
import {
  decodeToken,
  enrolmentProofBytes,
} from "../../../agent/protocol/enrolment.js";
import type { TelemetryItem } from "../../../agent/protocol/telemetry.js";
import { generateKey } from "../../../agent/trust/keys.js";
import { TestAgent } from "../../../test/support/agent/test-agent.js";
import type { Enrolled } from "../../../test/support/cloud/cloud.js";
import type { Attack } from "../attack.js";
import type { Stage } from "../stage.js";
import { clockFor, type Target } from "../target.js";

/** Customers' hosts that somebody has taken over, with their device keys. */
export const enrolled: readonly Attack[] = [
  {
    name: "telemetry",
    what: "one customer's host reports the largest items as fast as it may",
    stage: { enrolled: 1 },
    throwAt: reportAll,
  },
  {
    name: "telemetry-disk",
    what: "the same, where the cloud has a disk of 40 MB",
    stage: { enrolled: 1, cloudDiskMb: 40 },
    throwAt: reportAll,
  },
  {
    name: "heads",
    what: "one customer's host asks for the head of a snapshot again and again",
    stage: { enrolled: 1 },
    throwAt: askForHeads,
  },
  {
    name: "poison",
    what: "four customers made today report whom they want banned everywhere",
    stage: { enrolled: 4 },
    throwAt: accuse,
    holds: nobodyIsBannedOnTheirWord,
  },
];

/** Whatever fits: 64 items with 100 attackers each, and the next at once. */
async function reportAll(target: Target): Promise<string> {
  const clock = clockFor(target);
  const [who] = await takenOver(target);
  if (who === undefined) return "nobody could be enrolled";
  let sent = 0;
  let bytes = 0;
  let links = 0;
  while (clock.goesOn()) {
    try {
      using agent = await connected(target, who);
      links++;
      while (clock.goesOn()) {
        const items = Array.from({ length: 3 }, () => fullItem(sent++));
        bytes += JSON.stringify(items).length;
        await agent.report(...items);
      }
    } catch {
      await sleep(200);
    }
  }
  return `${sent} items, ${(bytes / 1e6).toFixed(0)} MB, over ${links} connections`;
}

function fullItem(number: number): TelemetryItem {
  const now = Date.now();
  return {
    ...{ kind: "hits", from: now - 1_000, to: now },
    top: Array.from({ length: 100 }, (_, i) => ({
      remote: `45.${number & 255}.${(number >> 8) & 255}.${i}`,
      ...{ direction: "in", forwarded: false, observed: false },
      ...{ protocol: 6, port: 22, packets: 1_000_000, bytes: 1_000_000_000 },
    })),
    others: { remotes: 0, packets: 0, bytes: 0, observed: 0 },
  };
}

async function askForHeads(target: Target): Promise<string> {
  const clock = clockFor(target);
  const [who] = await takenOver(target);
  if (who === undefined) return "nobody could be enrolled";
  using agent = await connected(target, who);
  const { session } = agent.welcome;
  let asked = 0;
  const ask = async () => {
    while (clock.goesOn()) {
      asked++;
      await headOf(target, session).catch(() => sleep(50));
    }
  };
  await Promise.all(Array.from({ length: 8 }, ask));
  return `${asked} requests`;
}

function headOf({ url, ca }: Target, session: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const path = "/v1/feeds/urgent/segments?from=1";
    const asked = request(
      new URL(path, url),
      {
        method: "HEAD",
        ...(ca === undefined ? {} : { ca: readFileSync(ca) }),
        headers: { authorization: `Bearer ${session}` },
      },
      (response) => {
        response.resume();
        response.on("end", resolve);
      },
    );
    asked.on("error", reject);
    asked.end();
  });
}

/** All accuse the same ones, and thousands of others so that nobody else is heard. */
async function accuse(target: Target): Promise<string> {
  const clock = clockFor(target);
  const hosts = await takenOver(target);
  let said = 0;
  const speak = async (who: Enrolled) => {
    for (let i = 0; clock.goesOn();) {
      try {
        using agent = await connected(target, who);
        while (clock.goesOn()) {
          const others = Array.from({ length: 31 }, () => bystander(i++));
          const items = [ACCUSED, ...others].map(detectionOf);
          await agent.report(...items);
          said += items.length;
        }
      } catch {
        await sleep(200);
      }
    }
  };
  await Promise.all(hosts.map(speak));
  return `${said} detections, said by hosts of ${hosts.length} customers`;
}

/** Somebody whom many hosts need: a content delivery network's. */
const ACCUSED = "104.16.1.1";

const bystander = (number: number): string =>
  `45.${(number >> 14) & 127}.${(number >> 7) & 127}.${1 + (number & 127)}`;

function detectionOf(source: string): TelemetryItem {
  const now = Date.now();
  return {
    ...{ kind: "detection", time: now, sensor: "sshd", source, count: 5 },
    ...{ firstSeen: now - 60_000, lastSeen: now, action: "banned" },
  };
}

async function nobodyIsBannedOnTheirWord({
  enforcer,
}: Stage): Promise<readonly string[]> {
  await enforcer.read();
  const suspects = [ACCUSED, bystander(0), bystander(1)];
  const held = await enforcer.hasBan(suspects.map(parseCidr));
  return suspects
    .filter((_, i) => held[i] === true)
    .map((each) => `${each} is banned on their word`);
}

/** Hosts of as many customers as there are tokens. */
export async function takenOver(target: Target): Promise<readonly Enrolled[]> {
  return Promise.all(target.tokens.map((token) => enrol(target, token)));
}

async function enrol(target: Target, token: string): Promise<Enrolled> {
  const { url, ca } = target;
  const key = generateKey();
  const { secret } = decodeToken(token);
  const proof = key.sign(enrolmentProofBytes(secret));
  const body = JSON.stringify({
    secret,
    publicKey: Buffer.from(key.publicKey).toString("base64url"),
    proof: Buffer.from(proof).toString("base64url"),
    ...{ hostname: hostname(), system: "Linux", version: "0.1.0" },
  });
  const answer = await new Promise<string>((resolve, reject) => {
    const trust = ca === undefined ? {} : { ca: readFileSync(ca) };
    const asked = request(
      new URL("/v1/enrol", url),
      { method: "POST", ...trust },
      (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => (text += chunk));
        response.on("end", () => resolve(text));
      },
    );
    asked.on("error", reject);
    asked.end(body);
  });
  const { agent, cloud, org } = JSON.parse(answer) as Enrolled;
  return { agent, cloud, org, key };
}

/** A session that has been welcomed. */
export async function connected({ url, ca }: Target, who: Enrolled) {
  const address = `${url.replace(/^http/, "ws")}/v1/agent`;
  const trust = ca === undefined ? {} : { ca: readFileSync(ca) };
  const agent = new TestAgent(new WebSocket(address, "tourniquet.v1", trust));
  await agent.hello(who);
  const welcome = await agent.next("welcome");
  return Object.assign(agent, { welcome });
}
