import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { arch, release } from "node:os";
import { join } from "node:path";
import type { Config } from "../../../agent/config/config.js";
import { failed } from "../../../agent/text/failure.js";
import { messageOf } from "../../../agent/text/message.js";
import { isoTime } from "../../../agent/text/time.js";
import { askAgent } from "../../control/client.js";
import type { Settings } from "../../config-file.js";
import { effectiveOf } from "../../settings/effective.js";
import { packageVersion } from "../../version.js";
import { beginningOf, MOST_BYTES, printedBy } from "./bounded.js";
import { isSecretName, LEFT_OUT, redacted, type Redact } from "./redact.js";

/** One file of a diagnosis. */
export interface Part {
  readonly name: string;
  /** What it is looked at for. */
  readonly why: string;
  /** Undefined when it could not be had. */
  readonly text: string | undefined;
  /** Why it could not be had. */
  readonly missing: string | undefined;
}

export interface Diagnosed {
  /** @throws Failure when the configuration can't be read */
  readonly settings: () => Settings;
  /** Where things are, as far as that is known. */
  readonly config: Config;
  readonly redact: Redact;
}

/** All parts; none is larger than a megabyte, and none has a secret in it. */
export function gather(about: Diagnosed): Promise<readonly Part[]> {
  return Promise.all(
    SOURCES.map(async ({ name, why, read }): Promise<Part> => {
      try {
        const said = await read(about);
        // Of JSON, every text in it was looked at by itself: it stays JSON.
        const isRedacted = name.endsWith(".json");
        const text = (isRedacted ? said : about.redact(said)).slice(
          0,
          MOST_BYTES,
        );
        return { name, why, text, missing: undefined };
      } catch (error) {
        const missing = about.redact(messageOf(error));
        return { name, why, text: undefined, missing };
      }
    }),
  );
}

interface Source extends Pick<Part, "name" | "why"> {
  readonly read: (about: Diagnosed) => string | Promise<string>;
}

const SOURCES: readonly Source[] = [
  { name: "versions.txt", why: "which program runs on what", read: versions },
  { name: "status.json", why: "how the host stands", read: status },
  {
    name: "doctor.json",
    why: "what is wrong, and what mends it",
    read: doctor,
  },
  { name: "config.txt", why: "what is settled, and where", read: settled },
  {
    name: "journal.txt",
    why: "what the agent logged, newest first",
    read: () => printedBy("journalctl", JOURNAL),
  },
  {
    name: "units.txt",
    why: "how systemd sees the agent",
    read: () => printedBy("systemctl", UNITS),
  },
  {
    name: "ruleset.txt",
    why: "our rules in the kernel, without the bans",
    read: () => printedBy("nft", ["--terse", ...OUR_TABLE]),
  },
  {
    name: "modules.txt",
    why: "which parts of the firewall are loaded",
    read: () => linesWith(/^(nf|nft|ip|xt|x)_/, beginningOf("/proc/modules")),
  },
  {
    name: "files.txt",
    why: "ledger, spool and the rest by size, not by content",
    read: files,
  },
  { name: "process.txt", why: "memory and open files of the agent", read: run },
  {
    name: "memory.txt",
    why: "memory of the machine, and its load",
    read: () => beginningOf("/proc/meminfo") + beginningOf("/proc/loadavg"),
  },
];

const JOURNAL = [
  ...["--unit", "tourniquet", "--unit", "tourniquet-restore", "--reverse"],
  ...["--no-pager", "--no-hostname", "--output", "short-iso"],
  ...["--lines", "5000"],
];

/** None that an environment, and what it may hold, is among. */
const UNITS = [
  ...["show", "tourniquet.service", "tourniquet-restore.service"],
  "--property=Id,LoadState,ActiveState,SubState,Result,UnitFileState,NRestarts,ExecMainStatus,ExecMainStartTimestamp,MemoryCurrent,MemoryPeak,CPUUsageNSec,TasksCurrent,FragmentPath,DropInPaths",
];

const OUR_TABLE = ["list", "table", "inet", "tourniquet"];

function versions(): string {
  const { versions: of, execPath } = process;
  return [
    `tourniquet ${packageVersion()}`,
    `node ${of.node} (${execPath}), v8 ${of.v8}, openssl ${of.openssl}`,
    `kernel ${release()}, ${arch()}`,
    `now ${isoTime(Date.now())}`,
    "",
    beginningOf("/etc/os-release"),
  ].join("\n");
}

async function status({ config, redact }: Diagnosed): Promise<string> {
  const said = await askAgent(config.controlSocket, "/v1/status");
  return `${JSON.stringify(redacted(said, redact), undefined, 2)}\n`;
}

async function doctor({
  config,
  settings,
  redact,
}: Diagnosed): Promise<string> {
  const { examine } = await import("../doctor/doctor.js");
  const checks = await examine(config, wrongIn(settings));
  return `${JSON.stringify(redacted(checks, redact), undefined, 2)}\n`;
}

function wrongIn(settings: () => Settings): string | undefined {
  try {
    return void settings();
  } catch (error) {
    return messageOf(error);
  }
}

function settled({ settings, redact }: Diagnosed): string {
  const read = settings();
  const lines = effectiveOf(read).map(({ name, value, from }) => {
    const at = from === undefined ? "default" : `${from.file}:${from.line}`;
    const told = isSecretName(name) ? LEFT_OUT : redacted(value, redact);
    const shown = value === undefined ? "-" : JSON.stringify(told);
    return `${name}: ${shown} (${at})\n`;
  });
  return [...read.files.map((file) => `# ${file}\n`), ...lines].join("");
}

const linesWith = (pattern: RegExp, text: string): string =>
  text
    .split("\n")
    .filter((line) => pattern.test(line))
    .map((line) => `${line}\n`)
    .join("");

function files({ config: { stateDir } }: Diagnosed): string {
  const names = readdirSync(stateDir, { recursive: true, encoding: "utf8" });
  const lines = names
    .sort()
    .slice(0, MOST_FILES)
    .map((name) => {
      const found = lstatSync(join(stateDir, name), { throwIfNoEntry: false });
      if (found === undefined) return `${name}: gone meanwhile\n`;
      const { size, mode, uid, gid, mtimeMs } = found;
      const bits = (mode & 0o7777).toString(8);
      return `${name}: ${size} bytes, mode ${bits}, owner ${uid}:${gid}, of ${isoTime(mtimeMs)}\n`;
    });
  return [`${stateDir}\n`, ...lines].join("");
}

const MOST_FILES = 1_000;

async function run(): Promise<string> {
  const asked = ["show", "--property=MainPID", "--value", "tourniquet"];
  const pid = Number((await printedBy("systemctl", asked)).trim());
  if (!(pid > 0)) throw failed("the agent does not run under systemd");
  const fds = readdirSync(`/proc/${pid}/fd`).length;
  const about = readFileSync(`/proc/${pid}/status`, "utf8");
  const limits = readFileSync(`/proc/${pid}/limits`, "utf8");
  return `${fds} open files\n\n${about}\n${limits}`;
}
