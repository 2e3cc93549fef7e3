import { readFileSync } from "node:fs";
import { basename } from "node:path";
import {
  covers,
  formatCidr,
  parseCidr,
  type Cidr,
} from "../../agent/model/cidr.js";
import type { BanView } from "../../service/control/list-views.js";
import { scattered } from "../bench/lists.js";
import { median, quantile } from "../bench/report.js";
import { Lab } from "../lab/lab.js";
import { Namespace } from "../lab/namespace.js";
import { serve } from "../lab/prober.js";
import { until, type Running } from "../lab/run.js";
import { acrossCustomers } from "./across.js";
import { attack, describeAttack } from "./attack.js";
import { bruteForce, logOf, makeLog } from "./brute-force.js";
import { figuresOf, figuresTable, type Figures } from "./figures.js";
import { keepRunning } from "./keep-running.js";
import {
  ATTACKER,
  CLOUD_PORT,
  HOST,
  PORT,
  targets,
  type Stage,
} from "./stage.js";
import type { Teller } from "./teller.js";
import { decisionTimes, enforcedAt, receiptAt } from "./times.js";

export interface Wish {
  /** A block list's file. */
  readonly list: string | undefined;
  readonly keep: boolean;
}

/** Plays the whole piece and returns its figures. */
export async function demonstrate(
  wish: Wish,
  teller: Teller,
): Promise<Figures> {
  await using lab = new Lab();
  await using attacker = await Namespace.linked(
    {
      here: [`${HOST.v4}/24`, `${HOST.v6}/64`],
      there: [`${ATTACKER.v4}/24`, `${ATTACKER.v6}/64`],
    },
    PORT,
  );
  await attacker.sh(
    "ip route add default dev eth0; ip -6 route add default dev eth0",
  );
  await attacker.routeHere([`${ATTACKER.v4}/32`, `${ATTACKER.v6}/128`]);
  await using _service = await serve(PORT);

  teller.scene("A vendor's cloud, and a customer's host enrolled with it");
  makeLog(lab);
  const cloud = await lab.startCloud({
    port: CLOUD_PORT,
    address: HOST.v4,
    settings: { correlation: ALL_ITS_OWN },
  });
  const host = await lab.startHost(cloud, "web-1", {
    config: {
      sensors: { sshd: { source: { file: logOf(lab), onlySshd: true } } },
    },
  });
  teller.say(
    `cloud at ${cloud.url}; host at ${HOST.v4} and ${HOST.v6}, with a service on port ${PORT}`,
  );
  teller.say(
    `its settings: "correlation": ${JSON.stringify(ALL_ITS_OWN)}, for a vendor whose hosts are all its own: what one detects is everybody's; without, it takes three orgs of standing`,
  );
  const stage = { lab, cloud, host, attacker, teller };

  const ban = await banTheAttacker(stage);
  const times = await manyDecisions(stage);
  const brute = await bruteForce(stage);
  const across = await acrossCustomers(attacker, teller);
  const load = await importList(stage, wish.list);
  await liftTheAttacker(stage);
  const peak = host.memory("VmHWM");
  await cloudGoesDown(stage);
  const status = await host.status();
  const memory = { peak, now: host.memory("VmRSS") };

  const figures = figuresOf({
    failures: teller.failures,
    ban,
    decisionMs: { p50: median(times), p99: quantile(times, 0.99) },
    decisions: times.length,
    brute,
    across,
    load,
    status,
    memory,
  });
  teller.scene("The figures");
  process.stdout.write(`${figuresTable(figures)}\n`);
  teller.say(
    figures.ok
      ? "Every claim above was checked with real packets, and holds."
      : `Did not hold: ${figures.failures.join("; ")}`,
  );
  if (wish.keep) await keepRunning(stage);
  return figures;
}

/** One host is enough: on a stage nobody has been a customer for two weeks. */
const ALL_ITS_OWN = { hosts: 1 } as const;

async function banTheAttacker({ cloud, attacker, teller, host }: Stage) {
  teller.scene(`${ATTACKER.v4} and ${ATTACKER.v6} attack the host`);
  const before = await attack(attacker, targets, 3);
  teller.check(describeAttack(before), before.answered === before.sent);

  teller.scene("An operator bans them in the cloud");
  const order = {
    ranges: [ATTACKER.v4, ATTACKER.v6],
    for: "1h",
    reason: "demo: brute force",
  };
  const { offset, decidedAt } = await cloud.api<Decided>(
    "POST",
    "/api/v1/bans",
    order,
  );
  const receipt = await receiptAt(cloud, "urgent", offset);
  const kernelMs = enforcedAt(receipt) - Date.parse(decidedAt);
  teller.say(
    `decided → in the kernel, read back: ${kernelMs.toFixed(1)} ms (ledger ${receipt.recordedMs.toFixed(1)} ms, both fsyncs included); the host's signed receipt is in the cloud`,
  );
  const after = await attack(attacker, targets, 1);
  teller.check(
    `the attack is dropped: ${describeAttack(after)}`,
    after.answered === 0,
  );
  const { hits } = await host.status();
  teller.check(
    `the kernel counted ${hits.packets} dropped packets`,
    hits.packets >= after.sent,
  );
  return {
    kernelMs,
    recordedMs: receipt.recordedMs,
    enforcedMs: receipt.enforcedMs,
  };
}

interface Decided {
  readonly offset: number;
  readonly decidedAt: string;
}

async function manyDecisions({
  cloud,
  teller,
}: Stage): Promise<readonly number[]> {
  teller.scene("One hundred decisions more, one after the other");
  const times = await decisionTimes(cloud, 100);
  teller.say(
    `decision → kernel: median ${median(times).toFixed(1)} ms, slowest ${Math.max(...times).toFixed(1)} ms`,
  );
  return times;
}

async function importList(stage: Stage, path: string | undefined) {
  const { cloud, host, teller } = stage;
  const name = path === undefined ? "10,000 made-up addresses" : basename(path);
  teller.scene(`A block list: ${name}`);
  const text = path === undefined ? madeUp() : readFileSync(path, "utf8");
  const start = performance.now();
  const list = await cloud.api<Imported>(
    "POST",
    "/api/v1/imports?feed=reputation&for=1d&reason=demo-list",
    text,
  );
  const feed = await until(
    "the whole list is in force",
    async () => {
      const { feeds, enforcing } = await host.status();
      const found = feeds.find((each) => each.feed === "reputation");
      return enforcing && found?.offset === list.offset ? found : undefined;
    },
    120_000,
  );
  const seconds = (performance.now() - start) / 1000;
  teller.say(
    `${list.entries} ranges read, ${feed.bans} in force and ${feed.held} held after ${seconds.toFixed(2)} s`,
  );
  teller.check(
    "every range is either in force or held",
    feed.bans + feed.held === list.entries,
  );
  await tellHeld(stage, feed.held);
  await attackFromTheList(stage);
  return {
    name,
    entries: list.entries,
    bans: feed.bans,
    held: feed.held,
    seconds,
  };
}

interface Imported extends Decided {
  readonly entries: number;
}

function madeUp(): string {
  return scattered(10_000).cidrs.map(formatCidr).join("\n");
}

async function tellHeld({ host, teller }: Stage, total: number): Promise<void> {
  if (total === 0) return;
  const held = await host.ask<readonly BanView[]>("/v1/bans?held&limit=1000");
  for (const { range, held: rule } of held.slice(0, 20)) {
    teller.say(`held: ${range} (${rule ?? ""})`);
  }
  if (total > 20)
    teller.say(`… and ${total - 20} more: tourniquet bans --held`);
}

/** A packet from an address that only the list bans. */
async function attackFromTheList({
  host,
  attacker,
  teller,
}: Stage): Promise<void> {
  const bans = await host.ask<readonly BanView[]>(
    "/v1/bans?feed=reputation&limit=1000",
  );
  const listed = bans.find(
    ({ held, range }) => held === null && isUsable(parseCidr(range)),
  );
  if (listed === undefined) return;
  const from = firstAddress(parseCidr(listed.range));
  await attacker.sh(`ip address add ${from}/32 dev eth0`);
  await attacker.routeHere([`${from}/32`]);
  const { sent, answered } = await attack(
    attacker,
    [{ from, to: HOST.v4, port: PORT }],
    1,
  );
  teller.check(
    `packets from ${from}, which ${listed.range} bans, are dropped`,
    sent > 0 && answered === 0,
  );
}

/** Not an address that this stage uses itself. */
const isUsable = (cidr: Cidr) =>
  cidr.family === 4 &&
  cidr.prefix >= 16 &&
  ![HOST.v4, ATTACKER.v4].some((own) => covers(cidr, parseCidr(own)));

function firstAddress({ address, prefix }: Cidr): string {
  const last = (address[3] ?? 0) + (prefix < 32 ? 1 : 0);
  return [...address.slice(0, 3), last].join(".");
}

async function liftTheAttacker({
  cloud,
  attacker,
  teller,
}: Stage): Promise<void> {
  teller.scene("The operator lifts the bans on the attacker");
  const order = { ranges: [ATTACKER.v4, ATTACKER.v6] };
  const { offset } = await cloud.api<Decided>("POST", "/api/v1/lifts", order);
  await receiptAt(cloud, "urgent", offset);
  await attack(attacker, targets, 1); // the first packets find the neighbours again
  const lifted = await attack(attacker, targets, 1);
  teller.check(
    `packets arrive again: ${describeAttack(lifted)}`,
    lifted.answered === lifted.sent,
  );
  const { offset: again } = await cloud.api<Decided>("POST", "/api/v1/bans", {
    ...order,
    for: "1h",
    reason: "demo: again",
  });
  await receiptAt(cloud, "urgent", again);
  teller.say("… and bans them again");
}

async function cloudGoesDown(stage: Stage): Promise<void> {
  const { lab, cloud, host, attacker, teller } = stage;
  teller.scene("The cloud dies, then the agent, both by kill -9");
  await dies(cloud.process);
  await until(
    "the host notices",
    async () => (await host.status()).cloud.at === "down" || undefined,
  );
  const orphaned = await attack(attacker, targets, 1);
  teller.check(
    `bans hold without a cloud: ${describeAttack(orphaned)}`,
    orphaned.answered === 0,
  );

  await dies(host.process);
  const alone = await attack(attacker, targets, 1);
  teller.check(
    `bans hold without an agent: ${describeAttack(alone)}`,
    alone.answered === 0,
  );

  await lab.startAgent(host);
  const { enforcing, kernel } = await host.status();
  teller.check(
    `the agent is back and finds the kernel at its ledger's revision, ${kernel.revision ?? "none"}`,
    enforcing,
  );
}

async function dies(process: Running | undefined): Promise<void> {
  process?.kill("SIGKILL");
  await process?.ended;
}
