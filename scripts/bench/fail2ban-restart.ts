import { execFileSync, spawn, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { formatCidr, type Cidr } from "../../agent/model/cidr.js";
import { systemClock } from "../../agent/runtime/clock.js";
import { end, fail2ban } from "./log-peers.js";

/** How far fail2ban came in the time that it was given. */
export type Restart =
  | { readonly at: "absent"; readonly why: string }
  | {
      readonly at: "measured";
      readonly seconds: number;
      /** How many of the bans were in the kernel by then. */
      readonly restored: number;
    };

/**
 * Starts fail2ban, as Debian configures it but with nftables, on a database that
 * holds the bans of its run before, and waits until the kernel has them.
 */
export async function restartOfFail2ban(
  cidrs: readonly Cidr[],
  folder: string,
): Promise<Restart> {
  if (fail2ban.absent !== undefined) {
    return { at: "absent", why: fail2ban.absent };
  }
  const place = join(folder, "fail2ban");
  configure(place);
  store(cidrs, place);
  const start = performance.now();
  const server = spawn("fail2ban-server", argumentsFor(place), {
    stdio: "ignore",
    detached: true,
  });
  try {
    const restored = await counted(cidrs.length, start + MOST_MS);
    const seconds = (performance.now() - start) / 1000;
    return { at: "measured", seconds, restored };
  } finally {
    await end(server);
    spawnSync("nft", ["delete", "table", "inet", "f2b-table"]);
  }
}

/** Nobody waits longer for a benchmark; what is missing by then is told. */
const MOST_MS = 150_000;

function configure(place: string): void {
  cpSync("/etc/fail2ban", place, { recursive: true });
  mkdirSync(join(place, "jail.d"), { recursive: true });
  const log = join(place, "auth.log");
  writeFileSync(log, "");
  writeFileSync(
    join(place, "jail.d", "zz-bench.conf"),
    `
[DEFAULT]
banaction = nftables-multiport
[sshd]
enabled = true
backend = polling
logpath = ${log}
bantime = 86400
`,
  );
  const settings = `[Definition]\ndbfile = ${join(place, "bans.sqlite3")}\n`;
  writeFileSync(join(place, "fail2ban.local"), settings);
}

const argumentsFor = (place: string): readonly string[] => [
  ...["-f", "-c", place],
  ...["-s", join(place, "socket"), "-p", join(place, "pid")],
  ...["--loglevel", "ERROR", "--logtarget", join(place, "log"), "start"],
];

/** Writes what fail2ban 1.0 keeps of its bans: it is asked to make the tables. */
function store(cidrs: readonly Cidr[], place: string): void {
  const list = join(place, "addresses");
  writeFileSync(list, cidrs.map(formatCidr).join("\n"));
  const files = [join(place, "bans.sqlite3"), join(place, "auth.log"), list];
  execFileSync("python3", ["-c", STORE, ...files], { stdio: "pipe" });
}

const STORE = `
import sqlite3, sys, time
sys.path.insert(0, "/usr/lib/python3/dist-packages")
from fail2ban.server.database import Fail2BanDb
path, log, addresses = sys.argv[1:]
Fail2BanDb(path).close()
db = sqlite3.connect(path)
now = int(time.time())
db.execute("INSERT INTO jails (name, enabled) VALUES ('sshd', 1)")
rows = [(a.strip(), now) for a in open(addresses)]
for table in ("bans", "bips"):
    db.executemany("INSERT INTO %s (jail, ip, timeofban, bantime, bancount, data) VALUES ('sshd', ?, ?, 86400, 1, '{}')" % table, rows)
db.commit()
`;

/** Looks every second how many there are, which costs little beside it. */
async function counted(wanted: number, deadline: number): Promise<number> {
  for (;;) {
    await systemClock.sleep(1_000);
    const list = ["-j", "list", "set", "inet", "f2b-table", "addr-set-sshd"];
    const { stdout } = spawnSync("nft", list, { maxBuffer: 64 * 1024 ** 2 });
    const there = String(stdout).match(/\d+\.\d+\.\d+\.\d+/g)?.length ?? 0;
    if (there >= wanted || performance.now() > deadline) return there;
  }
}
