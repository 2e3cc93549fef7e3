import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../agent/runtime/clock.js";
import { Lifetime } from "../../agent/runtime/lifetime.js";
import type { CoverageTold } from "../../cloud/cli/ask-coverage.js";
import {
  askAtDoor,
  letIn,
  type Person,
} from "../../test/support/cloud/people.js";
import { Lab, type LabCloud, type LabHost } from "../lab/lab.js";
import { Namespace, sh } from "../lab/namespace.js";
import { until } from "../lab/run.js";
import { attack, describeAttack } from "./attack.js";
import { HOST, PORT } from "./stage.js";
import type { Teller } from "./teller.js";

/** What it came to, in milliseconds. */
export interface Across {
  /** From the third customer's last line until all hosts that are there had it. */
  readonly decidedMs: number;
  readonly releasedMs: number;
  readonly undoneMs: number;
  /** From the cable's return until the host that was cut off had it. */
  readonly caughtUpMs: number;
}

/**
 * Three customers of one vendor. An attacker tries each of them so seldom that none
 * has reason enough alone; together they have.
 */
export async function acrossCustomers(
  attacker: Namespace,
  teller: Teller,
): Promise<Across> {
  await sh("sysctl -qw net.ipv4.ip_forward=1");
  await attacker.sh(`ip address add ${SLOW}/32 dev lo`);
  await attacker.sh(`ip address add ${SHARED}/32 dev lo`);
  await attacker.sh(`ip route add 10.97.0.0/16 via ${HOST.v4} dev eth0 onlink`);
  await attacker.routeHere([`${SLOW}/32`, `${SHARED}/32`]);
  await using lab = new Lab();
  await using places = await linkedPlaces();
  teller.scene("Three customers, and two persons at the vendor");
  const cloud = await lab.startCloud({
    ...{ port: CLOUD_PORT, address: HOST.v4, settings: SETTINGS },
  });
  const hosts = await enrolAll(lab, cloud, places.all);
  const stage: Customers = { lab, cloud, hosts, attacker, teller };
  const { ann, bob } = await persons(cloud);
  teller.say(
    `${hosts.map(({ name }) => name).join(", ")}; ann orders, bob may release`,
  );

  await cutOff(stage);
  const { decision, ms: decidedMs } = await lowAndSlow(stage);
  await tellCoverage(stage, decision);
  const released = await twoPersons(stage, ann, bob);
  const undoneMs = await undoEverywhere(stage, ann, released.decision);
  const caughtUpMs = await joinedAgain(stage, decision);
  return { decidedMs, releasedMs: released.ms, undoneMs, caughtUpMs };
}

/** Comes back to each of them again and again; from a range for examples. */
const SLOW = "203.0.113.77";
/** Many live behind it: one person alone does not ban it. */
const SHARED = "151.101.1.69";
const CLOUD_PORT = 18_445;

/** Nobody has been a customer for two weeks on a stage. */
const SETTINGS = {
  correlation: { standingDays: 0, standingHosts: 1, standingConfirmed: 0 },
  twoPersons: { enabled: true },
};

/** The last of them is cut off before anything happens. */
const NAMES = ["alpha-1", "beta-1", "gamma-1", "gamma-2"] as const;

interface Customer {
  readonly name: string;
  readonly org: string;
  readonly address: string;
  readonly namespace: Namespace;
  readonly agent: string;
  readonly host: LabHost;
}

interface Customers {
  readonly lab: Lab;
  readonly cloud: LabCloud;
  readonly hosts: readonly Customer[];
  readonly attacker: Namespace;
  readonly teller: Teller;
}

type Place = Pick<Customer, "name" | "org" | "address" | "namespace">;

async function linkedPlaces() {
  const opened = new Lifetime();
  const all: Place[] = [];
  for (const [index, name] of NAMES.entries()) {
    const address = `10.97.${index}.2`;
    const link = {
      here: [`10.97.${index}.1/24`],
      there: [`${address}/24`],
    };
    const namespace = opened.own(await Namespace.linked(link, PORT));
    await namespace.sh(`ip route add default via 10.97.${index}.1`);
    all.push({ name, org: name.replace(/-\d$/, ""), address, namespace });
  }
  return {
    all,
    [Symbol.asyncDispose]: async () => opened[Symbol.asyncDispose](),
  };
}

async function enrolAll(
  lab: Lab,
  cloud: LabCloud,
  places: readonly Place[],
): Promise<readonly Customer[]> {
  for (const org of new Set(places.map(({ org }) => org))) {
    await cloud.addOrg(org, org);
  }
  const all: Customer[] = [];
  for (const place of places) {
    const log = logOf(lab, place);
    writeFileSync(log, "");
    const sshd = { source: { file: log, onlySshd: true } };
    const host = await lab.startHost(cloud, place.name, {
      ...{ netns: place.namespace.pid, org: place.org },
      config: { sensors: { sshd } },
    });
    const { agent = "" } = (await host.status()).identity ?? {};
    all.push({ ...place, agent, host });
  }
  return all;
}

const logOf = ({ folder }: Lab, { name }: Pick<Customer, "name">): string =>
  join(folder, `${name}.log`);

async function persons(
  cloud: LabCloud,
): Promise<{ readonly ann: Person; readonly bob: Person }> {
  const operator = readFileSync(join(cloud.dir, "operator.token"), "utf8");
  const door = { dir: cloud.dir, operator: operator.trim() };
  return {
    ann: await letIn(door, { name: "ann", role: "analyst" }),
    bob: await letIn(door, { name: "bob", role: "approver" }),
  };
}

async function cutOff({ hosts, teller }: Customers): Promise<void> {
  const last = hosts.at(-1);
  await last?.namespace.sh("ip link set eth0 down");
  teller.say(`${last?.name ?? ""} is cut off: its cable is out`);
}

/** Those that are there. */
const present = ({ hosts }: Customers): readonly Customer[] =>
  hosts.slice(0, -1);

async function lowAndSlow(stage: Customers) {
  const { lab, cloud, attacker, teller } = stage;
  teller.scene(`${SLOW} guesses at three customers, now here, now there`);
  const before = await attack(attacker, targetsOf(stage, SLOW), 1);
  teller.check(
    `it reaches all three: ${describeAttack(before)}`,
    before.answered === before.sent,
  );
  let last = 0;
  for (let round = 0; round < GUESSES; round++) {
    for (const each of present(stage)) {
      await systemClock.sleep(BETWEEN_MS);
      appendFileSync(logOf(lab, each), guess(round));
      last = Date.now();
    }
  }
  const decided = await until("the rule decides", async () => {
    const { items } = await cloud.api<Page<Decided>>(
      ...(["GET", "/api/v1/decisions?limit=1"] as const),
    );
    return items.find(({ targets }) => targets.includes(SLOW));
  });
  const { decision } = decided;
  await heldByAll(stage, decision);
  const ms = Date.now() - last;
  teller.say(
    `the third customer's last line → decided, and held by all that are there: ${ms} ms`,
  );
  teller.check(
    `the decision says why: ${decided.by}, "${decided.reason}"`,
    decided.evidence.length >= 3,
  );
  const after = await attack(attacker, targetsOf(stage, SLOW), 1);
  teller.check(
    `all three drop it: ${describeAttack(after)}`,
    after.answered === 0,
  );
  return { decision, ms };
}

const GUESSES = 5;
const BETWEEN_MS = 300;

interface Page<T> {
  readonly items: readonly T[];
}

interface Decided {
  readonly decision: string;
  readonly by: string;
  readonly reason: string;
  readonly targets: readonly string[];
  readonly evidence: readonly number[];
}

/** A line as OpenSSH on Debian writes it. */
function guess(round: number): string {
  const time = new Date().toISOString().replace("Z", "000+00:00");
  return `${time} host sshd[${5_000 + round}]: Failed password for invalid user admin from ${SLOW} port ${51_000 + round} ssh2\n`;
}

const targetsOf = (stage: Customers, from: string) =>
  present(stage).map(({ address }) => ({ from, to: address, port: PORT }));

const coverageOf = async ({ cloud }: Customers, decision: string) =>
  cloud.api<CoverageTold>("GET", `/api/v1/coverage/${decision}`);

/** Waits until all that are there have proven it. */
async function heldByAll(stage: Customers, decision: string): Promise<void> {
  await until("all that are there hold it", async () => {
    const { coverage } = await coverageOf(stage, decision);
    return coverage.holding >= present(stage).length || undefined;
  });
}

async function tellCoverage(stage: Customers, decision: string) {
  const { teller, hosts } = stage;
  teller.scene("Who holds it, and who is missing");
  const { coverage, hosts: told } = await coverageOf(stage, decision);
  const { must, holding, proven, times } = coverage;
  teller.say(
    `${holding} of ${must} hosts hold it, ${proven} by a receipt that their device signed; p50 ${(times?.p50 ?? 0).toFixed(0)} ms, slowest ${(times?.max ?? 0).toFixed(0)} ms`,
  );
  const missing = told.filter(
    ({ state }) => state === "offline" || state === "waiting",
  );
  const names = missing.map(({ agent }) => nameOf(stage, agent));
  teller.check(
    `one is named as missing: ${names.join(", ")}`,
    must === hosts.length && names.join() === hosts.at(-1)?.name,
  );
}

const nameOf = ({ hosts }: Customers, id: string): string =>
  hosts.find(({ agent }) => agent === id)?.name ?? id;

async function twoPersons(stage: Customers, ann: Person, bob: Person) {
  const { cloud, attacker, teller } = stage;
  teller.scene(`Ann bans ${SHARED}, behind which many live`);
  const order = { range: SHARED, for: "1h", reason: "demo: reflected attack" };
  const waits = await askAtDoor<Waits>(cloud, ann.token, [
    ...(["POST", "/bans", order] as const),
  ]);
  const { proposal, dangers } = waits.body;
  const [danger] = dangers;
  teller.check(`it waits: ${danger?.says ?? ""}`, waits.status === 202);
  const release = ["POST", `/proposals/${proposal}/release`, {}] as const;
  const own = await askAtDoor(cloud, ann.token, release);
  teller.check("she may not release it herself", own.status === 403);
  const start = Date.now();
  const { body } = await askAtDoor<{ decision: string }>(
    ...([cloud, bob.token, release] as const),
  );
  await heldByAll(stage, body.decision);
  const ms = Date.now() - start;
  teller.say(`bob releases it → held by all that are there: ${ms} ms`);
  const after = await attack(attacker, targetsOf(stage, SHARED), 1);
  teller.check(
    `all three drop it: ${describeAttack(after)}`,
    after.answered === 0,
  );
  return { decision: body.decision, ms };
}

interface Waits {
  readonly proposal: string;
  readonly dangers: readonly { readonly says: string }[];
}

async function undoEverywhere(
  stage: Customers,
  ann: Person,
  decision: string,
): Promise<number> {
  const { cloud, attacker, teller } = stage;
  teller.scene("It was a mistake: ann undoes it, everywhere");
  const start = Date.now();
  const order = { reason: "demo: the wrong one", wrong: true };
  const { body } = await askAtDoor<{
    decision: string;
    counts: { lifted: number };
  }>(cloud, ann.token, ["POST", `/decisions/${decision}/undo`, order]);
  await heldByAll(stage, body.decision);
  const ms = Date.now() - start;
  teller.say(`undone on all that are there: ${ms} ms`);
  const again = await attack(attacker, targetsOf(stage, SHARED), 1);
  teller.check(
    `packets pass again: ${describeAttack(again)}`,
    again.answered === again.sent && body.counts.lifted === 1,
  );
  return ms;
}

async function joinedAgain(
  stage: Customers,
  decision: string,
): Promise<number> {
  const { hosts, attacker, teller } = stage;
  teller.scene("The cable of the one that was missing is in again");
  const last = hosts.at(-1);
  if (last === undefined) return 0;
  const start = Date.now();
  await last.namespace.sh(
    "ip link set eth0 up; ip route add default via 10.97.3.1",
  );
  await until(
    "it holds the ban, too",
    async () => {
      const { coverage } = await coverageOf(stage, decision);
      return coverage.holding === coverage.must || undefined;
    },
    120_000,
  );
  const ms = Date.now() - start;
  teller.say(
    `it connects by itself, catches up, and signs its receipt: ${ms} ms`,
  );
  const target = { from: SLOW, to: last.address, port: PORT };
  const after = await attack(attacker, [target], 1);
  teller.check(
    `it drops the attacker whom it never saw: ${describeAttack(after)}`,
    after.answered === 0,
  );
  return ms;
}
