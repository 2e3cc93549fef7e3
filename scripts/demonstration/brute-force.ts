import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openNftables } from "../../agent/enforce/nftables/open.js";
import { parseCidr } from "../../agent/model/cidr.js";
import { systemBanClock } from "../../agent/runtime/clock.js";
import type { Lab, LabCloud } from "../lab/lab.js";
import { Namespace } from "../lab/namespace.js";
import { until } from "../lab/run.js";
import { attack, describeAttack, type Target } from "./attack.js";
import { BRUTE, HOST, NEIGHBOUR, PORT, type Stage } from "./stage.js";
import { enforcedAt, receiptsAt } from "./times.js";

/** What the scene came to, in milliseconds since the last line of the log. */
export interface BruteForce {
  readonly bannedHereMs: number;
  readonly bannedThereMs: number;
}

/** Where the sensor of the first host reads. */
export const logOf = (lab: Lab): string => join(lab.folder, "auth.log");

/** The log has to be there before a sensor can follow it. */
export const makeLog = (lab: Lab): void => writeFileSync(logOf(lab), "");

/**
 * Somebody guesses passwords on the first host. Its sensor sees it in the log,
 * its own ban is in the kernel at once, and the cloud makes it everybody's: the
 * second host, which was never touched, drops the attacker as well.
 */
export async function bruteForce(stage: Stage): Promise<BruteForce> {
  const { lab, cloud, attacker, teller } = stage;
  teller.scene(`A second host, ${NEIGHBOUR}, in a namespace of its own`);
  await using neighbour = await Namespace.linked(
    { here: ["10.98.0.1/24"], there: [`${NEIGHBOUR}/24`] },
    PORT,
  );
  await neighbour.sh("ip route add default via 10.98.0.1");
  await joinUp(attacker, neighbour);
  const other = await lab.startHost(cloud, "db-1", {
    netns: neighbour.pid,
    config: { sensors: { sshd: { enabled: false } } },
  });
  const before = await attack(attacker, everywhere, 1);
  teller.check(
    `${BRUTE} reaches both: ${describeAttack(before)}`,
    before.answered === before.sent,
  );

  teller.scene(`${BRUTE} guesses passwords on the first host`);
  const offset = await urgentOffset(cloud);
  const start = performance.now();
  const startedAt = Date.now();
  appendFileSync(logOf(lab), guesses(5));
  const bannedHereMs = await inOwnKernel(start);
  teller.say(
    `five failures in the log of sshd → banned in its own kernel: ${bannedHereMs.toFixed(1)} ms`,
  );
  const decided = await until("the cloud's rule decides", async () => {
    const now = await urgentOffset(cloud);
    return now > offset ? now : undefined;
  });
  const receipts = await receiptsAt(cloud, decided, 2);
  const last = Math.max(...receipts.map(enforcedAt));
  const bannedThereMs = last - startedAt;
  teller.say(
    `the cloud's rule made it everybody's; receipts from both hosts: ${bannedThereMs.toFixed(1)} ms after the last line`,
  );
  const after = await attack(attacker, everywhere, 1);
  teller.check(
    `both drop the attacker, the second without having been touched: ${describeAttack(after)}`,
    after.answered === 0,
  );
  await tellWhy(stage);
  await stop(other.process);
  return { bannedHereMs, bannedThereMs };
}

const everywhere: readonly Target[] = [
  { from: BRUTE, to: HOST.v4, port: PORT },
  { from: BRUTE, to: NEIGHBOUR, port: PORT },
];

/** A cable between the attacker and the second host, past the first. */
async function joinUp(attacker: Namespace, other: Namespace): Promise<void> {
  await attacker.sh(
    [
      `ip address add ${BRUTE}/32 dev lo`,
      `ip link add eth1 type veth peer name eth1 netns ${other.pid}`,
      "ip link set eth1 up",
    ].join("; "),
  );
  await other.sh("ip link set eth1 up");
  await attacker.sh(`ip route add ${NEIGHBOUR}/32 dev eth1 src ${BRUTE}`);
  await other.sh(`ip route add ${BRUTE}/32 dev eth1`);
  await attacker.routeHere([`${BRUTE}/32`]);
}

/** Lines as OpenSSH on Debian writes them, of so many tries from `BRUTE`. */
export function guesses(count: number): string {
  const time = new Date().toISOString().replace("Z", "000+00:00");
  return Array.from(
    { length: count },
    (_, i) =>
      `${time} web-1 sshd[${4000 + i}]: Failed password for invalid user admin from ${BRUTE} port ${50_000 + i} ssh2\n`,
  ).join("");
}

/** Looks into the kernel itself until the attacker is there. */
async function inOwnKernel(start: number): Promise<number> {
  await using kernel = await openNftables(systemBanClock);
  await until("the first host bans by itself", async () => {
    await kernel.read();
    const [held] = await kernel.hasBan([parseCidr(BRUTE)]);
    return held || undefined;
  });
  return performance.now() - start;
}

async function urgentOffset(cloud: LabCloud): Promise<number> {
  const { items } = await cloud.api<{
    items: readonly { readonly feed: string; readonly offset: number }[];
  }>("GET", "/api/v1/feeds");
  return items.find(({ feed }) => feed === "urgent")?.offset ?? 0;
}

async function tellWhy({ cloud, teller }: Stage): Promise<void> {
  const { items } = await cloud.api<{
    items: readonly { by: string; reason: string; evidence: number[] }[];
  }>("GET", "/api/v1/decisions?limit=1");
  const [newest] = items;
  teller.check(
    `the decision names its rule and its evidence: ${newest?.by ?? ""}, "${newest?.reason ?? ""}"`,
    (newest?.evidence.length ?? 0) > 0,
  );
}

async function stop(process: Stage["host"]["process"]): Promise<void> {
  process?.kill("SIGTERM");
  await process?.ended;
}
