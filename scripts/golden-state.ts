import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import Database from "better-sqlite3";
import { systemClock } from "../agent/runtime/clock.js";
import type { DecisionEvent } from "../cloud/journal/decision-events.js";
import { SqliteDecisions } from "../cloud/journal/sqlite-decisions.js";
import { filesOf } from "../cloud/folder.js";
import { askAtDoor } from "../test/support/cloud/people.js";
import { readIdentity } from "../service/identity/identity-store.js";
import { Lab, type LabCloud, type LabHost } from "./lab/lab.js";
import { output, until } from "./lab/run.js";

/**
 * Writes what this version leaves on disks into test/golden/state/VERSION: a
 * host's state folder and a cloud's folder with every kind of event. Run once
 * for each version, before its release, by
 * `scripts/in-namespace node dist/scripts/golden-state.js VERSION`.
 */
async function main(version: string): Promise<void> {
  const golden = join(ROOT, "test/golden/state", version);
  if (existsSync(golden)) throw new Error(`${golden} is there already`);
  await using lab = new Lab();
  const cloud = await lab.startCloud({ port: 18_470 });
  const host = await lab.startHost(cloud, "host", { config: SETTINGS });
  await decideAll(cloud, host);
  await settleAll(cloud);
  await changeKeys(cloud, host);
  await comeTwice(lab, cloud, host);
  await crashAndRefuse(lab, cloud, host);
  await forkHistory(lab, cloud, host);
  host.process?.kill("SIGKILL"); // so that its next start counts a crash
  await host.process?.ended;
  cloud.process?.kill("SIGTERM");
  await cloud.process?.ended;
  await takeDown(cloud.dir, seldom(idOf(host)));
  mkdirSync(golden, { recursive: true });
  keep(join(host.folder, "state"), join(golden, "host"));
  keep(cloud.dir, join(golden, "cloud"));
  const kinds = kindsIn(join(golden, "cloud"));
  const text = JSON.stringify({ at: Date.now(), kinds }, null, 2);
  writeFileSync(join(golden, "what.json"), `${text}\n`);
  process.stdout.write(`${golden}: ${kinds.join(", ")}\n`);
}

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../..");
const CLOUD = join(ROOT, "cloud/tourniquet-cloud");

const SETTINGS = {
  safeMode: { starts: 2 },
  guard: { private: "protect" },
  sensors: { sshd: { enabled: false } },
};

/** Bans of each kind, a list, a lift, an approval, and this host's own orders. */
async function decideAll(cloud: LabCloud, host: LabHost): Promise<void> {
  const order = { for: "300d", reason: "golden" };
  const bans = ["45.0.0.1", "45.0.1.0/24", "2001:db8:77::/48", "10.1.2.3"];
  for (const range of bans) {
    await cloud.api("POST", "/api/v1/bans", { range, ...order });
  }
  await cloud.api("POST", "/api/v1/bans", {
    ...{ range: "45.0.0.2", observe: true, ...order },
  });
  await cloud.api("POST", "/api/v1/lifts", { range: "45.0.0.1" });
  await cloud.api(
    "POST",
    "/api/v1/imports?for=300d",
    "45.1.0.1\n45.1.1.0/24\n",
  );
  const draft = join(host.folder, "approval.json");
  const approval = (...args: readonly string[]) =>
    output([CLOUD, "approval", ...args, "--dir", cloud.dir]);
  await approval(
    ...["draft", "--feed", "urgent", "--add", "16.0.0.0/12"],
    ...["--out", draft],
  );
  await approval("sign", draft, "--key", join(cloud.dir, "keys/critical.pem"));
  await approval("publish", draft);
  await cloud.api("POST", "/api/v1/bans", { range: "16.0.0.0/13", ...order });
  await receipts(cloud);
  const release = [
    "release",
    "45.1.0.1",
    "--for",
    "720h",
    "--reason",
    "golden",
  ];
  await output(host.command(...release));
  await output(host.command("rollback"));
}

/** What people settle: rules, a policy, a vouch, an undo and a contest. */
async function settleAll(cloud: LabCloud): Promise<void> {
  const token = readFileSync(join(cloud.dir, "operator.token"), "utf8").trim();
  const ask = async <T>(...asked: readonly [string, string, unknown?]) => {
    const { status, body } = await askAtDoor<T>(cloud, token, asked);
    if (status < 300) return body;
    throw new Error(`${asked[1]}: ${status} ${JSON.stringify(body)}`);
  };
  await ask("POST", "/rules", { text: rulesOf("golden") });
  await ask("PUT", "/rules/shadow", { text: rulesOf("watched") });
  await ask("DELETE", "/rules/shadow");
  await ask("POST", "/orgs/acme/policy", { file: POLICY });
  await ask("POST", "/orgs/acme/vouch", { why: "golden", for: "300d" });
  const order = { range: "45.0.3.3", for: "300d", reason: "golden" };
  const { decision } = await ask<{ decision: string }>("POST", "/bans", order);
  const wrong = { reason: "golden", wrong: true };
  await ask("POST", `/decisions/${decision}/undo`, wrong);
  await ask("POST", "/contest-codes", { address: "45.0.1.7" });
  const { contest } = await ask<{ contest: string }>("POST", "/contests/open", {
    ...{ address: "45.0.1.7", why: "golden" },
  });
  await ask("POST", `/contests/${contest}/answer`, {
    ...{ verdict: "refused", answer: "golden", reason: "golden" },
  });
}

const rulesOf = (name: string): string => `version: 1
rules:
  - name: ${name}
    within: 24h
    needs: { orgs: 3, failures: 50 }
    ban: { for: 4h }
`;

const POLICY = `version: 1
org: acme
goodFor: 300d
allow:
  - { ranges: [45.0.6.0/24], until: 2027-06-30, why: golden }
groups:
  - { name: web, tags: [web], feed: web }
`;

/** The host's key changes; a second host comes, and is revoked. */
async function changeKeys(cloud: LabCloud, host: LabHost): Promise<void> {
  await output(host.command("rekey"));
  await until("the key is changed", () => has(cloud, "agent-rekeyed"));
}

/** A copy of the host's folder lives beside it for a while. */
async function comeTwice(
  lab: Lab,
  cloud: LabCloud,
  host: LabHost,
): Promise<void> {
  await using other = new Lab();
  const copy = other.copyHost(host, "copy");
  await other.startAgent(copy);
  await until("both were seen", () => has(cloud, "agent-cloned"), 60_000);
  copy.process?.kill("SIGTERM");
  await copy.process?.ended;
  await cloud.api("POST", `/api/v1/agents/${idOf(host)}/clear-clones`);
  const second = await lab.startHost(cloud, "second", { config: SETTINGS });
  const id = idOf(second);
  await output([CLOUD, "revoke", id, "--reason", "golden", "--dir", cloud.dir]);
  const third = await lab.startHost(cloud, "third", { config: SETTINGS });
  for (const order of [["revoke"], ["agents", "forget"]]) {
    const args = [...order, idOf(third), "--dir", cloud.dir];
    await output([CLOUD, ...args]);
  }
}

/** What takes days, many customers and an attack to come about by itself. */
const seldom = (agent: string): readonly DecisionEvent[] => {
  const wanted = {
    kind: "proposed",
    attacker: "45.0.8.8",
    expiresAt: Date.now() + 300 * 86_400_000,
    rule: "rule:ssh-many-orgs",
    reason: "golden",
    orgs: ["acme", "beta"],
    evidence: [],
  } as const;
  const veto = { why: "held", org: "acme", agent, rule: "this-host" } as const;
  const settled = {
    kind: "proposal-settled",
    proposal: "prop-0000000000000001",
    verdict: "refused",
    by: "operator:first",
    reason: "golden",
  } as const;
  const orgs = [{ org: "acme", bans: 60 }];
  return [
    { ...wanted, proposal: settled.proposal, veto },
    settled,
    { ...wanted, proposal: "prop-0000000000000002", veto },
    { kind: "rate-reached", maxPerMinute: 60, orgs },
  ];
};

async function takeDown(
  dir: string,
  events: readonly DecisionEvent[],
): Promise<void> {
  using log = SqliteDecisions.open(filesOf(dir).decisions, systemClock);
  await log.append(events);
}

/** Runs that die put the host into safe mode, in which it refuses a ban. */
async function crashAndRefuse(
  lab: Lab,
  cloud: LabCloud,
  host: LabHost,
): Promise<void> {
  for (let i = 0; i < 3; i++) {
    host.process?.kill("SIGKILL");
    await host.process?.ended;
    await lab.startAgent(host);
  }
  await until("it is back", async () => (await connected(host)) || undefined);
  await cloud.api("POST", "/api/v1/bans", { range: "45.0.9.9", for: "300d" });
  await until("it refuses", () => has(cloud, "refusal"));
  host.process?.kill("SIGTERM"); // an end in good order is no crash
  await host.process?.ended;
}

/** The cloud is put back to a copy of its decisions, and decides differently. */
async function forkHistory(
  lab: Lab,
  cloud: LabCloud,
  host: LabHost,
): Promise<void> {
  const stopCloud = async () => {
    cloud.process?.kill("SIGTERM");
    await cloud.process?.ended;
  };
  await stopCloud();
  const { decisions } = filesOf(cloud.dir);
  cpSync(decisions, `${decisions}.earlier`);
  await lab.serve(cloud);
  rmSync(join(host.folder, "state/starts.json"), { force: true });
  await lab.startAgent(host);
  await until(
    "it is connected",
    async () => (await connected(host)) || undefined,
  );
  const before = await urgentAt(host);
  await cloud.api("POST", "/api/v1/bans", { range: "45.0.9.10", for: "300d" });
  await receipts(cloud);
  await until("it has it", async () => {
    return (await urgentAt(host)) > before || undefined;
  });
  host.process?.kill("SIGTERM");
  await host.process?.ended;
  await stopCloud();
  // With the views gone as well, nothing tells the cloud that it is a copy.
  for (const name of [
    "decisions.db-wal",
    "decisions.db-shm",
    "view.db",
    "bans.db",
  ]) {
    rmSync(join(cloud.dir, name), { force: true });
  }
  cpSync(`${decisions}.earlier`, decisions);
  rmSync(`${decisions}.earlier`);
  await lab.serve(cloud);
  await cloud.api("POST", "/api/v1/bans", { range: "45.0.9.11", for: "300d" });
  await lab.startAgent(host);
  await until("it is told", () => has(cloud, "divergence"), 60_000);
}

async function urgentAt(host: LabHost): Promise<number> {
  const { feeds } = await host.status();
  return feeds.find(({ feed }) => feed === "urgent")?.offset ?? 0;
}

async function receipts(cloud: LabCloud): Promise<void> {
  await until("a receipt came", () => has(cloud, "receipt"));
}

const has = (cloud: LabCloud, kind: string): Promise<true | undefined> => {
  const kinds = kindsIn(cloud.dir);
  return Promise.resolve(kinds.includes(kind) ? true : undefined);
};

const connected = async (host: LabHost) =>
  (await host.status()).cloud.at === "up";

const idOf = (host: LabHost): string =>
  readIdentity(join(host.folder, "state")).identity.agent;

/** Kinds of events that a cloud's folder holds, sorted. */
function kindsIn(dir: string): readonly string[] {
  const { decisions, observations } = filesOf(dir);
  const files = { decisions, observations };
  const kinds = Object.entries(files).flatMap(([table, path]) => {
    const database = new Database(path, { readonly: true });
    try {
      return database
        .prepare<[], string>(`SELECT DISTINCT body ->> '$.kind' FROM ${table}`)
        .pluck()
        .all();
    } finally {
      database.close();
    }
  });
  return kinds.sort();
}

/** Copies a folder, each database as one file, without what can be made anew. */
function keep(from: string, to: string): void {
  cpSync(from, to, {
    recursive: true,
    filter: (path) =>
      !/(-shm|-wal|\/snapshots|\/lock|\/reserve|\.sock)$/.test(path),
  });
  const files = readdirSync(from, { recursive: true, encoding: "utf8" });
  for (const name of files.filter((each) => each.endsWith(".db"))) {
    if (!existsSync(join(to, name))) continue;
    rmSync(join(to, name));
    const database = new Database(join(from, name));
    database.prepare("VACUUM INTO ?").run(join(to, name));
    database.close();
    chmodSync(join(to, name), 0o644);
  }
}

const [version] = process.argv.slice(2);
if (
  version === undefined ||
  process.env["TOURNIQUET_NAMESPACE"] !== "private"
) {
  process.stderr.write(
    "usage: scripts/in-namespace node dist/scripts/golden-state.js VERSION\n",
  );
  process.exitCode = 2;
} else await main(version);
