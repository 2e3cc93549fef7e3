import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, rmdirSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** What a caller does, and to whom. */
export interface Call {
  readonly how: "tcp" | "udp" | "connected-udp" | "udp-and-gone" | "icmp";
  readonly to: string;
  readonly port: number;
}

/** A process of its own that calls somebody, and names itself. */
export class Caller implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;

  /** In the namespace of process `within`, or in this one. */
  constructor(call: Call, options: { group?: Group; within?: number } = {}) {
    const script = `
      require("fs").writeFileSync("/proc/self/comm", "caller");
      ${options.group ? `require("fs").writeFileSync(${JSON.stringify(options.group.file)}, "0");` : ""}
      ${CODE[call.how](call)};
      setInterval(() => {}, 1000);`;
    const command = [process.execPath, "--eval", script];
    const enter = ["nsenter", "--target", String(options.within), "--net"];
    const [program = "", ...words] =
      options.within === undefined ? command : [...enter, ...command];
    this.#child = spawn(program, words, { stdio: "inherit" });
    this.#ended = new Promise((resolve) => this.#child.once("exit", resolve));
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#ended;
  }
}

const CODE: Readonly<Record<Call["how"], (call: Call) => string>> = {
  tcp: ({ to, port }) =>
    `require("net").connect(${port}, "${to}").on("error", () => {})`,
  udp: ({ to, port }) => `${socketTo(to)}; s.send("x", ${port}, "${to}")`,
  "udp-and-gone": ({ to, port }) =>
    `${socketTo(to)}; s.send("x", ${port}, "${to}", () => s.close())`,
  "connected-udp": ({ to, port }) =>
    `${socketTo(to)}; s.connect(${port}, "${to}", () => s.send("x"))`,
  icmp: ({ to }) =>
    `require("child_process").execFile("ping", ["-c1", "-W1", "${to}"], () => {})`,
};

const socketTo = (to: string): string =>
  `const s = require("dgram").createSocket("udp${to.includes(":") ? 6 : 4}").on("error", () => {})`;

/** A control group of the unified hierarchy, made for a test. */
export class Group implements AsyncDisposable {
  private constructor(readonly folders: readonly string[]) {}

  /** Undefined where none may be made here. */
  static make(...path: readonly string[]): Group | undefined {
    for (const root of ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"]) {
      const folders = path.map((_, i) =>
        [root, ...path.slice(0, i + 1)].join("/"),
      );
      try {
        for (const folder of folders) mkdirSync(folder, { recursive: true });
        writeFileSync(`${folders.at(-1)}/cgroup.procs`, "");
        return new Group(folders);
      } catch (error) {
        // An empty write is refused by the kernel, once it is a control group.
        if ((error as NodeJS.ErrnoException).code === "EINVAL") {
          return new Group(folders);
        }
      }
    }
    return undefined;
  }

  /** Whoever writes 0 to it is in. */
  get file(): string {
    return `${this.folders.at(-1)}/cgroup.procs`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const folder of [...this.folders].reverse()) {
      for (let left = 100; left > 0; left--) {
        try {
          rmdirSync(folder);
          break;
        } catch {
          await sleep(10); // whoever was in it has only just ended
        }
      }
    }
  }
}
