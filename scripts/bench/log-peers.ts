import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { Fail2ban, absence, noFail2ban, running } from "./fail2ban.js";

/** A tool that reads the same log and bans for the same failures. */
export interface LogPeer {
  readonly name: string;
  /** Undefined when it can be measured, else why not. */
  readonly absent: string | undefined;
  /** Starts it on a log, its own files in a folder; `MAXRETRY` lines are a ban. */
  start(log: string, folder: string): Promise<ChildProcess>;
}

/** What sshguard bans after by default: three attacks of weight ten. */
export const MAXRETRY = 3;

/** As Debian configures it, with nftables' sets. */
export const sshguard: LogPeer = {
  name: "sshguard",
  absent: absence("sshguard", ["-v"]),
  start: (log) => running("sshguard", ["-a", "30", log]),
};

/** As Debian configures it, but with nftables and the same `maxretry`. */
export const fail2ban: LogPeer = {
  name: "fail2ban",
  absent: noFail2ban,
  start: async (log, folder) =>
    (await Fail2ban.start(folder, jail(log))).process,
};

const jail = (log: string): string => `
[DEFAULT]
dbfile = :memory:
[sshd]
enabled = true
backend = auto
logpath = ${log}
maxretry = ${MAXRETRY}
findtime = 600
bantime = 3600
banaction = nftables-multiport
ignoreself = false
ignoreip =
`;

/** Ends it, and whatever it has started. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  const signal = (name: NodeJS.Signals) => {
    try {
      process.kill(-(child.pid ?? 0), name); // its own process group
    } catch {
      return; // nobody is left in it
    }
  };
  signal("SIGTERM");
  const late = setTimeout(() => signal("SIGKILL"), 10_000);
  await ended;
  clearTimeout(late);
}

/** Bytes of memory of a process and of all that it has started. */
export function groupMemory(child: ChildProcess): number {
  const { stdout } = spawnSync("ps", ["-eo", "pgid=,rss="]);
  return String(stdout)
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number))
    .filter(([group]) => group === child.pid)
    .reduce((sum, [, kilobytes = 0]) => sum + kilobytes * 1_024, 0);
}

/** Hears from the kernel when an address comes into any set. */
export class Monitor implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<string, (at: number) => void>();

  constructor() {
    this.#child = spawn("nft", ["monitor", "new", "elements"], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    if (this.#child.stdout === null) throw new Error("nft cannot be heard");
    createInterface(this.#child.stdout).on("line", (line) => {
      const at = performance.now();
      for (const address of line.match(/\d+\.\d+\.\d+\.\d+/g) ?? []) {
        this.#waiting.get(address)?.(at);
      }
    });
  }

  /** `performance.now()` when it came; undefined when it did not in time. */
  seen(address: string, mostMs: number): Promise<number | undefined> {
    return new Promise((resolve) => {
      const settle = (at: number | undefined) => {
        clearTimeout(timer);
        this.#waiting.delete(address);
        resolve(at);
      };
      const timer = setTimeout(() => settle(undefined), mostMs);
      this.#waiting.set(address, settle);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#child, "exit");
    this.#child.kill();
    await ended;
  }
}

/** A line as rsyslog writes it, of the present: fail2ban looks at the date. */
export function failedLogin(from: string, pid: number): string {
  const date = new Date();
  const month = date.toLocaleString("en", { month: "short" });
  const day = String(date.getDate()).padStart(2);
  const time = date.toTimeString().slice(0, 8);
  return `${month} ${day} ${time} host sshd[${pid}]: Failed password for root from ${from} port 50022 ssh2\n`;
}
