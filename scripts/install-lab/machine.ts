import { spawn, type ChildProcessByStdio } from "node:child_process";
import { mkdirSync, readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { sh } from "../lab/namespace.js";
import { start, until, type Running } from "../lab/run.js";
import { ATTACKER, HERE, THERE, VETH, WIDTH } from "./network.js";

/** What a command inside came to. */
export interface Ended {
  readonly code: number;
  readonly out: string;
  /** Standard error. */
  readonly complaint: string;
}

/**
 * A Debian machine with a booted systemd, in a container: its disk is a layer
 * over a root that stays as it is, and outlives the machine's reboots.
 */
export class Machine implements AsyncDisposable {
  readonly #folder: string;
  readonly #brought: readonly Brought[];
  #nspawn: Running | undefined;
  #leader = "";

  private constructor(folder: string, brought: readonly Brought[]) {
    this.#folder = folder;
    this.#brought = brought;
  }

  /** `root` is a Debian root, `folder` one for the layer. */
  static async of(places: {
    readonly root: string;
    readonly folder: string;
    readonly brought: readonly Brought[];
  }): Promise<Machine> {
    const { root, folder, brought } = places;
    mkdirSync(folder, { recursive: true });
    // Gone with the mount namespace that all of this runs in.
    await sh(`mount -t tmpfs tmpfs ${folder}
      cd ${folder} && mkdir upper work root
      mount -t overlay overlay -o lowerdir=${root},upperdir=upper,workdir=work root
      echo ${NAME} > root/etc/hostname
      echo '127.0.1.1 ${NAME}' >> root/etc/hosts
      : > root/etc/resolv.conf`);
    return new Machine(folder, brought);
  }

  /** Boots, with `parameters` as a kernel's command line would have them. */
  async boot(...parameters: readonly string[]): Promise<void> {
    this.#nspawn = start({
      command: [
        ...["setsid", "systemd-nspawn", "--quiet", "--boot"],
        ...["--register=no", "--keep-unit", "--link-journal=no"],
        ...[`--machine=${NAME}`, "--network-veth"],
        `--directory=${this.root}`,
        ...this.#brought.map(({ from, to }) => `--bind-ro=${from}:${to}`),
        ...parameters,
      ],
      log: this.console,
    });
    const { pid } = this.#nspawn;
    await until("systemd has started everything", async () => {
      // Looked up each time: the first child only prepares the real one.
      this.#leader = leaderOf(pid);
      const { out } = await this.run("systemctl is-system-running");
      return /^(running|degraded)/.test(out) ? true : undefined;
    });
    await sh(`ip address replace ${HERE}/${WIDTH} dev ${VETH}
      ip address replace ${ATTACKER}/${WIDTH} dev ${VETH}
      ip link set ${VETH} up`);
    await this.must(`ip address add ${THERE}/${WIDTH} dev host0
      ip link set host0 up
      ip route add default via ${HERE}`);
  }

  /** Stops everything as a shutdown does, and takes its network namespace away. */
  async powerOff(): Promise<void> {
    const nspawn = this.#nspawn;
    this.#nspawn = undefined;
    if (nspawn === undefined) return;
    nspawn.kill("SIGTERM");
    await nspawn.ended;
  }

  /** Ends everything at once, as when the power fails. */
  async cutPower(): Promise<void> {
    const nspawn = this.#nspawn;
    this.#nspawn = undefined;
    await sh(`kill -9 ${this.#leader}`);
    await nspawn?.ended;
  }

  /** Leaves so much room on its disk, as "64m"; without, as much as there was. */
  async leaveFree(room?: string): Promise<void> {
    const used = `$(df -k --output=used ${this.#folder} | tail -n 1)`;
    const size =
      room === undefined ? "50%" : `$((${used} + ${parseInt(room)} * 1024))k`;
    await sh(`mount -o remount,size=${size} ${this.#folder}`);
  }

  async reboot(...parameters: readonly string[]): Promise<void> {
    await this.powerOff();
    await this.boot(...parameters);
  }

  /** Runs a shell script inside, as root. */
  async run(script: string): Promise<Ended> {
    return ended(this.#enter(script), () => undefined);
  }

  /** @throws what it complained about, when it ends badly */
  async must(script: string): Promise<string> {
    const { code, out, complaint } = await this.run(`set -e; ${script}`);
    if (code === 0) return out;
    throw new Error(`in the machine: ${script}: ${complaint || out}`);
  }

  /** Runs a program inside and kills it when it has printed a line. */
  async killAt(program: string, isTheLine: (line: string) => boolean) {
    const told = { pid: "" };
    return ended(this.#enter(`echo $$; exec ${program}`), (line) => {
      if (told.pid === "") told.pid = line.trim();
      else if (isTheLine(line)) void this.run(`kill -9 ${told.pid}`);
    });
  }

  /** Its disk, as this machine sees it. */
  get root(): string {
    return join(this.#folder, "root");
  }

  get console(): string {
    return `${this.#folder}.console`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.powerOff();
    await sh(FORGET_CONTROL_GROUPS);
  }

  #enter(script: string) {
    const path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin";
    return spawn(
      "nsenter",
      [
        ...["--target", this.#leader, "--all"],
        ...["env", "-i", path, "sh", "-c", script],
      ],
      { stdio: ["ignore", "pipe", "pipe"] },
    );
  }
}

/** A file or folder of this machine's, and where the other one can read it. */
export interface Brought {
  readonly from: string;
  readonly to: string;
}

/** Where the machine finds the tree that it is installed from. */
export const SOURCE = "/usr/src/tourniquet";

/** What an installation from a built tree needs: Node, the tree, its packages. */
export function sourceOf(tree: string): readonly Brought[] {
  const modules = realpathSync(join(tree, "node_modules"));
  return [
    { from: realpathSync(process.execPath), to: "/usr/bin/node" },
    { from: tree, to: SOURCE },
    // In a work tree the packages may be a link to another tree's.
    { from: modules, to: modules },
  ];
}

const NAME = VETH.replace(/^ve-/, "");

/** nspawn leaves its two groups, empty, where it found itself. */
const FORGET_CONTROL_GROUPS = `
for own in $(sed -nE 's/^(0:|[0-9]+:name=systemd)://p' /proc/self/cgroup); do
  for top in /sys/fs/cgroup /sys/fs/cgroup/systemd /sys/fs/cgroup/unified; do
    for group in payload supervisor; do
      find "$top$own/$group" -depth -type d -exec rmdir {} + 2>/dev/null || true
    done
  done
done`;

/** The container's first process, as this namespace numbers it. */
function leaderOf(nspawn: number): string {
  const path = `/proc/${nspawn}/task/${nspawn}/children`;
  return readFileSync(path, "utf8").split(" ")[0] ?? "";
}

async function ended(
  child: ChildProcessByStdio<null, Readable, Readable>,
  heard: (line: string) => void,
): Promise<Ended> {
  const said: string[] = [];
  const complaint: Buffer[] = [];
  child.stderr.on("data", (chunk: Buffer) => complaint.push(chunk));
  const closed = new Promise<number>((resolve) =>
    child.once("close", (code) => resolve(code ?? -1)),
  );
  for await (const line of createInterface({ input: child.stdout })) {
    said.push(line);
    heard(line);
  }
  return {
    code: await closed,
    out: said.join("\n"),
    complaint: Buffer.concat(complaint).toString().trim(),
  };
}
