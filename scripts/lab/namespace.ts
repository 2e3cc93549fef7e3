import { execFile, spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import * as selftest from "../../service/selftest/stage/namespace.js";
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

/**
 * A network namespace with its own addresses, joined to this one by a cable,
 * and with somebody in it who answers and asks.
 */
export class Namespace implements AsyncDisposable {
  readonly #namespace: selftest.Namespace;
  readonly #prober: ChildProcess;
  readonly #answers: AsyncIterator<string>;

  private constructor(namespace: selftest.Namespace, prober: ChildProcess) {
    this.#namespace = namespace;
    this.#prober = prober;
    if (!prober.stdout) throw new Error("the prober cannot be heard");
    const lines = createInterface(prober.stdout);
    this.#answers = lines[Symbol.asyncIterator]();
  }

  /** Makes a namespace whose TCP and UDP `port` answers everybody. */
  static async linked(link: Link, port: number): Promise<Namespace> {
    const made = await selftest.Namespace.make();
    await selftest.cable(
      { device: deviceTo(made), addresses: link.here },
      { device: "eth0", addresses: link.there, namespace: made },
    );
    const [program = "", ...args] = made.command(
      ...[process.execPath, PROBER, "as-prober", String(port)],
    );
    const prober = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
    const namespace = new Namespace(made, prober);
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
    return sh(`nsenter --target ${this.pid} --net bash -ec '${command}'`);
  }

  /** Sends what is for these ranges to that namespace. */
  async routeHere(ranges: readonly string[]): Promise<void> {
    const device = deviceTo(this.#namespace);
    for (const range of ranges) {
      await selftest.ip("route", "add", range, "dev", device);
    }
  }

  /** The process that holds the namespace open. */
  get pid(): number {
    return this.#namespace.pid;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await selftest.ip("link", "delete", deviceTo(this.#namespace));
    const gone = new Promise((resolve) => this.#prober.once("exit", resolve));
    this.#prober.kill("SIGKILL");
    await gone;
    await this.#namespace[Symbol.asyncDispose]();
  }
}

/** What the names of our ends of the cables begin with. */
export const OWN_DEVICE = "tq";
const PROBER = new URL("./prober.js", import.meta.url).pathname;

const deviceTo = ({ pid }: selftest.Namespace): string => `${OWN_DEVICE}${pid}`;
