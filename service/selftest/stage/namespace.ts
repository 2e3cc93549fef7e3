import { spawn, type ChildProcess } from "node:child_process";
import { readFile, readlink } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { output } from "./output.js";

/** A network namespace of its own, held open by a process that sleeps in it. */
export class Namespace implements AsyncDisposable {
  readonly #holder: ChildProcess;

  private constructor(
    holder: ChildProcess,
    /** The process that holds it open. */
    readonly pid: number,
  ) {
    this.#holder = holder;
  }

  /** Makes one that has nothing but a loopback device, which is up. */
  static async make(): Promise<Namespace> {
    const holder = spawn("unshare", ["--net", "sleep", "infinity"]);
    const namespace = new Namespace(holder, await ownNamespace(holder));
    await namespace.ip("link", "set", "lo", "up");
    return namespace;
  }

  /** What runs a command inside. */
  command(...command: readonly string[]): readonly string[] {
    const enter = ["nsenter", "--target", String(this.pid), "--net", "--"];
    return [...enter, ...command];
  }

  /** Runs `ip` inside. */
  async ip(...args: readonly string[]): Promise<void> {
    await named(output(this.command("ip", ...args)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const gone = new Promise((resolve) => this.#holder.once("exit", resolve));
    this.#holder.kill("SIGKILL");
    await gone;
  }
}

/** One end of a cable, with prefix lengths such as in "10.9.0.1/24". */
export interface End {
  readonly device: string;
  readonly addresses: readonly string[];
}

/** Runs `ip` in this namespace. */
export async function ip(...args: readonly string[]): Promise<void> {
  await named(output(["ip", ...args]));
}

/** Joins this namespace to another by a cable with an end in each. */
export async function cable(
  here: End,
  there: End & { readonly namespace: Namespace },
): Promise<void> {
  const { namespace, device } = there;
  const peer = ["name", device, "netns", String(namespace.pid)];
  await ip("link", "add", here.device, "type", "veth", "peer", ...peer);
  await bringUp(here, ip);
  await bringUp(there, (...args) => namespace.ip(...args));
}

async function bringUp(
  { device, addresses }: End,
  run: (...args: readonly string[]) => Promise<void>,
): Promise<void> {
  for (const address of addresses) {
    // Nobody else can have the address: there is no need to ask around for it.
    const flags = address.includes(":") ? ["nodad"] : [];
    await run("address", "add", address, "dev", device, ...flags);
  }
  await run("link", "set", device, "up");
}

async function ownNamespace(holder: ChildProcess): Promise<number> {
  let failure: unknown;
  holder.once("error", (error) => (failure = error));
  const { pid } = holder;
  const ours = await readlink("/proc/self/ns/net");
  for (let waitedMs = 0; waitedMs < 5_000; waitedMs += 5) {
    if (pid !== undefined && holder.exitCode === null) {
      const command = await readFile(`/proc/${pid}/comm`, "utf8");
      const theirs = await readlink(`/proc/${pid}/ns/net`);
      if (theirs !== ours && command.trim() === "sleep") return pid;
    }
    await sleep(5);
  }
  throw new Error("unshare made no network namespace", { cause: failure });
}

/** Says whose program it is that is missing. */
async function named(running: Promise<unknown>): Promise<void> {
  try {
    await running;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw cause;
    throw new Error("`ip` is not installed; it comes with iproute2", { cause });
  }
}
