import { spawn, type ChildProcess } from "node:child_process";
import { cpus } from "node:os";
import { createInterface } from "node:readline";
import { sh, Namespace, OWN_DEVICE } from "../../lab/namespace.js";
import { run } from "./contestants.js";
import type { Cost, Errand } from "./sender.js";

/**
 * A cable that packets come in by. The sender sits in a namespace of its own and
 * on one core; the kernel receives each packet on that core before the sender
 * goes on, so that the sender's time is the receiver's too. Whatever the rules
 * let through is dropped behind raw (-290), the same for all.
 */
export class Wire implements AsyncDisposable {
  readonly #namespace: Namespace;
  readonly #sender: ChildProcess;
  readonly #answers: AsyncIterator<string>;

  private constructor(namespace: Namespace, sender: ChildProcess) {
    this.#namespace = namespace;
    this.#sender = sender;
    if (!sender.stdout) throw new Error("the sender cannot be heard");
    const lines = createInterface(sender.stdout);
    this.#answers = lines[Symbol.asyncIterator]();
  }

  static async open(): Promise<Wire> {
    const namespace = await Namespace.linked(
      {
        here: ["198.18.0.1/15", "2001:2::1/48"],
        there: ["198.18.0.2/15", "2001:2::2/48"],
      },
      9,
    );
    const own = `${OWN_DEVICE}${namespace.pid}`;
    const [here] = JSON.parse(await sh(`ip -j link show ${own}`)) as Device[];
    const [there] = JSON.parse(
      await namespace.sh("ip -j link show eth0"),
    ) as Device[];
    run(`nft 'table inet tail {
      chain prerouting { type filter hook prerouting priority -290; policy drop; }
    }'`);
    const sender = spawn(
      "nsenter",
      [
        ...["--target", String(namespace.pid), "--net"],
        ...["taskset", "--cpu-list", LAST_CORE, process.execPath, SENDER],
        ...[String(there?.ifindex), String(here?.address)],
      ],
      { stdio: ["pipe", "pipe", "inherit"] },
    );
    const wire = new Wire(namespace, sender);
    await wire.#answers.next(); // "ready"
    return wire;
  }

  /** What it takes to send and receive one packet, in nanoseconds. */
  async send(errand: Errand): Promise<number> {
    this.#sender.stdin?.write(`${JSON.stringify(errand)}\n`);
    const answer = await this.#answers.next();
    if (answer.done === true) throw new Error("the sender has gone");
    return (JSON.parse(answer.value) as Cost).cpuNs;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#sender.kill();
    run("nft delete table inet tail");
    await this.#namespace[Symbol.asyncDispose]();
  }
}

/** What `ip -j link` says of a device. */
interface Device {
  readonly ifindex: number;
  readonly address: string;
}

const LAST_CORE = String(cpus().length - 1);
const SENDER = new URL("./sender.js", import.meta.url).pathname;
