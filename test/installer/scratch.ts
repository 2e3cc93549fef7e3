import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  lstatSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { encodeToken } from "../../agent/protocol/enrolment.js";
import { Files } from "../../installer/files.js";
import { CommandFailed, type Host } from "../../installer/host.js";
import { DAEMON, layout, RESTORE, USER } from "../../installer/layout.js";
import { planOf, type Setup } from "../../installer/plan.js";
import type { Step } from "../../installer/step.js";

export const PREFIX = "/opt/tourniquet";
export const CLOUD = "https://cloud.example";
/** What `tourniquet enrol` says. */
export const ALONE = "this host stands alone\n";
export const ENROLLED =
  "enrolled as agt-1 of acme\nthis host begins by observing\n";

/** The process has ended here: nothing of it runs any more. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
}

/**
 * A host in a folder of its own: real files, and programs that do to it what
 * the real ones would, as far as a step can tell.
 */
export class Scratch implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "installer-"));
  readonly root = join(this.folder, "root");
  readonly tokenFile = join(this.folder, "token");
  /** Every command that was run, with what it was given to read. */
  readonly ran: { command: readonly string[]; input: string }[] = [];
  /** Acts (of files or programs) until the process ends. */
  actsLeft = Infinity;
  readonly users = new Set<string>();
  readonly groups = new Set<string>();
  readonly enabled = new Set<string>();
  readonly loaded = new Set<string>();
  readonly owners = new Map<string, string>();
  /** Where the program is expected to be placed. */
  prefix = PREFIX;
  runningFrom: string | undefined;
  table = false;
  /** What `tourniquet status --json` prints. */
  status = JSON.stringify({ cloud: { at: "up" } });

  constructor() {
    for (const path of ["/opt", "/etc/systemd/system", "/usr/local/bin"]) {
      mkdirSync(join(this.root, path), { recursive: true });
    }
    for (const path of ["/var/lib", "/etc/tmpfiles.d", "/run", CATALOGUE]) {
      mkdirSync(join(this.root, path), { recursive: true });
    }
    mkdirSync(join(this.root, "/proc/7"), { recursive: true });
    const token = {
      url: CLOUD,
      secret: Buffer.alloc(32, 1).toString("base64url"),
      root: "0".repeat(64),
    };
    writeFileSync(this.tokenFile, encodeToken(token));
    for (const path of ["dist/a.js", "node_modules/b/b.js", "package.json"]) {
      mkdirSync(join(this.folder, "tree", path, ".."), { recursive: true });
      writeFileSync(join(this.folder, "tree", path), path);
    }
  }

  get host(): Host {
    return {
      files: interruptible(new Files(this.root), () => this.#act()),
      run: (command, options) => {
        this.#act();
        this.ran.push({ command, input: options?.input ?? "" });
        return Promise.resolve(this.#carryOut(command));
      },
    };
  }

  plan(changes: Partial<Setup> = {}): readonly Step[] {
    const tree = join(this.folder, "tree");
    return planOf({
      prefix: PREFIX,
      node: "/usr/bin/node",
      cloud: CLOUD,
      tokenFile: this.tokenFile,
      ...{ again: false, alone: false },
      templates: TEMPLATES,
      entry: "/src/dist/service/main.js",
      authority: "-----BEGIN CERTIFICATE-----\n",
      program: {
        name: "0.1.0-abc",
        version: "0.1.0",
        parts: ["dist", "node_modules", "package.json"].map((path) => ({
          source: join(tree, path),
          path,
        })),
      },
      ...changes,
    });
  }

  /** Everything that an installation could leave behind. */
  listing(): unknown {
    return {
      files: listed(this.root),
      users: [...this.users],
      groups: [...this.groups],
      enabled: [...this.enabled],
      loaded: [...this.loaded],
      runningFrom: this.runningFrom,
      table: this.table,
    };
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true });
  }

  #act(): void {
    if (this.actsLeft <= 0) throw new Interrupted("here the process ended");
    this.actsLeft -= 1;
  }

  #carryOut(command: readonly string[]): string {
    const [program = "", ...args] = command;
    const last = args.at(-1) ?? "";
    const programs: Record<string, () => string | undefined> = {
      getent: () =>
        this.#known(command, args[0] === "passwd" ? this.users : this.groups),
      useradd: () => {
        this.users.add(USER);
        this.groups.add(USER);
        return undefined;
      },
      userdel: () => {
        this.users.delete(USER);
        this.groups.delete(USER);
        return undefined;
      },
      groupadd: () => void this.groups.add(last),
      groupdel: () => void this.groups.delete(last),
      "systemd-tmpfiles": () => this.#makeFolder(last),
      install: () => {
        mkdirSync(last, { recursive: true });
        return void this.owners.set(last, `700 ${USER} ${USER}`);
      },
      stat: () => this.owners.get(last) ?? "755 root root",
      setpriv: () => {
        if (last === "--standalone") {
          writeFileSync(join(this.root, layout.standAlone), "{}");
          return ALONE;
        }
        if (last === "leave") return undefined;
        for (const path of [
          `${layout.state}/device-0011223344556677.key`,
          layout.identity,
        ]) {
          writeFileSync(join(this.root, path), JSON.stringify({ url: CLOUD }));
        }
        return ENROLLED;
      },
      "/usr/bin/node": () => this.#tourniquet(last),
      systemctl: () => this.#systemctl(command, args),
      // chmod, chown and sync leave nothing that a step asks for.
    };
    return programs[program]?.() ?? "";
  }

  /** The one that a file of tmpfiles.d names. */
  #makeFolder(file: string): undefined {
    const [, path = ""] = readFileSync(file, "utf8").split(" ");
    mkdirSync(join(this.root, path), { recursive: true });
  }

  /** What the placed program is asked for. */
  #tourniquet(order: string): string | undefined {
    if (order === "--json") return this.status;
    this.table = false; // clean-up
    return undefined;
  }

  #known(command: readonly string[], names: ReadonlySet<string>): string {
    if (names.has(command.at(-1) ?? "")) return "";
    throw new CommandFailed(command, "");
  }

  #systemctl(
    command: readonly string[],
    args: readonly string[],
  ): string | undefined {
    const units = args.filter((each) => each.endsWith(".service"));
    const orders: Record<string, () => string | undefined> = {
      "daemon-reload": () => this.#reload(),
      show: () => units.map((unit) => this.#shown(unit)).join("\n\n"),
      "is-enabled": () => {
        if (units.every((unit) => this.enabled.has(unit))) return undefined;
        throw new CommandFailed(command, "disabled");
      },
      enable: () => {
        for (const unit of units) this.enabled.add(unit);
        return undefined;
      },
      disable: () => {
        for (const unit of units) this.enabled.delete(unit);
        return undefined;
      },
      restart: () => this.#start(),
      "try-restart": () => this.#start(),
      stop: () => (units.includes(DAEMON) ? this.#stop() : undefined),
    };
    return orders[args[0] ?? ""]?.();
  }

  #reload(): undefined {
    this.loaded.clear();
    for (const unit of [DAEMON, RESTORE]) {
      if (this.#hasUnit(unit)) this.loaded.add(unit);
    }
  }

  #start(): undefined {
    const current = readlinkSync(join(this.root, this.prefix, "current"));
    this.runningFrom = `${this.prefix}/${current}`;
    new Files(this.root).link("/proc/7/cwd", this.runningFrom);
    this.table = true;
  }

  #stop(): undefined {
    this.runningFrom = undefined;
    rmSync(join(this.root, "/proc/7/cwd"), { force: true });
  }

  #hasUnit(unit: string): boolean {
    return existsSync(join(this.root, layout.units, unit));
  }

  #shown(unit: string): string {
    const load = this.loaded.has(unit) ? "loaded" : "not-found";
    const active = this.runningFrom === undefined ? "inactive" : "active";
    const sub = this.runningFrom === undefined ? "dead" : "running";
    return `LoadState=${load}\nNeedDaemonReload=no\nActiveState=${active}\nSubState=${sub}\nMainPID=7`;
  }
}

/** Each call counts as an act: what a process may end before. */
function interruptible(files: Files, act: () => void): Files {
  return new Proxy(files, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      return (...args: unknown[]): unknown => {
        act();
        return Reflect.apply(value, target, args);
      };
    },
  });
}

function listed(folder: string, under = ""): string[] {
  return readdirSync(join(folder, under))
    .sort()
    .flatMap((name) => {
      const path = `${under}/${name}`;
      const found = lstatSync(join(folder, path));
      if (found.isSymbolicLink()) {
        return [`${path} -> ${readlinkSync(join(folder, path))}`];
      }
      if (found.isDirectory()) return [`${path}/`, ...listed(folder, path)];
      return [`${path} ${readFileSync(join(folder, path), "utf8").length}`];
    });
}

const TEMPLATES = join(import.meta.dirname, "../../../service/units");

/** Of every Debian with systemd. */
const CATALOGUE = dirname(layout.catalogue);
