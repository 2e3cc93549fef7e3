import { execFile, spawn, type ChildProcess } from "node:child_process";
import { readFile, readlink } from "node:fs/promises";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import type { Attempt } from "./prober.js";

/** Runs a shell command in this namespace and returns what it prints. */
export async function sh(command: string): Promise<string> {
  const { stdout } = await promisify(execFile)("bash", ["-ec", command]);
  return stdout;
}

/** Addresses with prefix lengths, such as "10.9.0.1/24". */
export interface Link {
  readonly here: readonly string[];
  readonly there: readonly string[];
}

/** A network namespace with its own addresses, joined to this one by a cable. */
export class Namespace implements AsyncDisposable {
  readonly #holder: ChildProcess;
  readonly #prober: ChildProcess;
  readonly #answers: AsyncIterator<string>;

  private constructor(holder: ChildProcess, prober: ChildProcess) {
    this.#holder = holder;
    this.#prober = prober;
    if (!prober.stdout) throw new Error("the prober cannot be heard");
    const lines = createInterface(prober.stdout);
    this.#answers = lines[Symbol.asyncIterator]();
  }

  /** Makes a namespace whose TCP and UDP `port` answers everybody. */
  static async linked(link: Link, port: number): Promise<Namespace> {
    const holder = spawn("unshare", ["--net", "sleep", "infinity"]);
    const pid = await ownNamespace(holder);
    await cable(pid, link);
    const prober = spawn(
      "nsenter",
      [
        ...["--target", String(pid), "--net"],
        ...[process.execPath, PROBER, "as-prober", String(port)],
      ],
      { stdio: ["pipe", "pipe", "inherit"] },
    );
    const namespace = new Namespace(holder, prober);
    await namespace.#answers.next(); // "ready"
    return namespace;
  }

  /** Whether somebody in this namespace gets an answer from elsewhere. */
  async reaches(attempt: Attempt): Promise<boolean> {
    this.#prober.stdin?.write(`${JSON.stringify(attempt)}\n`);
    const answer = await this.#answers.next();
    return answer.value === "true";
  }

  /** Runs a shell command in this namespace and returns what it prints. */
  sh(command: string): Promise<string> {
    return sh(
      `nsenter --target ${this.#holder.pid} --net bash -ec '${command}'`,
    );
  }

  /** Sends what is for these ranges to that namespace. */
  async routeHere(ranges: readonly string[]): Promise<void> {
    const device = `${OWN_DEVICE}${this.#holder.pid}`;
    await sh(
      ranges.map((each) => `ip route add ${each} dev ${device}`).join("\n"),
    );
  }

  /** The process that holds the namespace open. */
  get pid(): number {
    return this.#holder.pid ?? -1;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await sh(`ip link delete ${OWN_DEVICE}${this.#holder.pid}`);
    for (const child of [this.#prober, this.#holder]) {
      const gone = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      await gone;
    }
  }
}

/** What the names of our ends of the cables begin with. */
export const OWN_DEVICE = "tq";
const PROBER = new URL("prober.js", import.meta.url).pathname;

async function ownNamespace(holder: ChildProcess): Promise<number> {
  const { pid } = holder;
  if (pid === undefined) throw new Error("unshare did not start");
  const ours = await readlink("/proc/self/ns/net");
  for (let waitedMs = 0; waitedMs < 5_000; waitedMs += 5) {
    const command = await readFile(`/proc/${pid}/comm`, "utf8");
    const theirs = await readlink(`/proc/${pid}/ns/net`);
    if (theirs !== ours && command.trim() === "sleep") return pid;
    await sleep(5);
  }
  throw new Error("unshare made no network namespace");
}

async function cable(pid: number, { here, there }: Link): Promise<void> {
  const device = `${OWN_DEVICE}${pid}`;
  const add = (address: string, name: string) =>
    `ip address add ${address} dev ${name}${address.includes(":") ? " nodad" : ""}`;
  await sh(
    [
      `ip link add ${device} type veth peer name eth0 netns ${pid}`,
      ...here.map((address) => add(address, device)),
      `ip link set ${device} up`,
    ].join("\n"),
  );
  const inside = [
    "ip link set lo up",
    ...there.map((address) => add(address, "eth0")),
    "ip link set eth0 up",
  ].join("\n");
  await sh(`nsenter --target ${pid} --net bash -ec '${inside}'`);
}
