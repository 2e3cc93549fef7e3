import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { failed } from "../../agent/text/failure.js";
import { succeeds, type Host } from "../host.js";
import { currentOf, DAEMON, layout, RESTORE } from "../layout.js";
import { settled, type Step } from "../step.js";
import { unitText } from "../unit-text.js";

export interface UnitOptions {
  readonly prefix: string;
  /** Node's program, as units name it: the one that runs this. */
  readonly node: string;
  /** The folder that holds the units' templates. */
  readonly templates: string;
}

/** Writes the two units and lets systemd know. */
export function placeUnits({ prefix, node, templates }: UnitOptions): Step {
  const filled = (unit: string) =>
    unitText(readFileSync(`${templates}/${unit}`, "utf8"), {
      ...{ node, version: process.versions.node },
      ...{ prefix, program: currentOf(prefix) },
    });
  return {
    name: "units",
    describe: () => `write ${UNITS.map(pathOf).join(" and ")}`,
    isDone: async (host) => {
      const same = ({ files }: Host, unit: string) =>
        files.read(pathOf(unit)) === filled(unit);
      if (!UNITS.every((unit) => same(host, unit))) return false;
      return isLoaded(host);
    },
    do: async ({ files, run }) => {
      for (const unit of UNITS) files.write(pathOf(unit), filled(unit), 0o644);
      await run(["systemctl", "daemon-reload"]);
    },
    undo: async ({ files, run }) => {
      for (const unit of UNITS) {
        files.remove(pathOf(unit));
        files.remove(`${pathOf(unit)}.new`);
      }
      await run(["systemctl", "daemon-reload"]);
    },
  };
}

const UNITS = [DAEMON, RESTORE];
const pathOf = (unit: string): string => `${layout.units}/${unit}`;

/** An interrupted run may have written the files and not have said so. */
async function isLoaded({ run }: Host): Promise<boolean> {
  const show = ["systemctl", "show", "--property=LoadState,NeedDaemonReload"];
  const text = await run([...show, ...UNITS]);
  return !/not-found|NeedDaemonReload=yes/.test(text);
}

/** Both start at every boot from here on. */
export function enableUnits(): Step {
  return {
    name: "enabled",
    describe: () => `enable ${UNITS.join(" and ")}`,
    isDone: (host) =>
      succeeds(host, ["systemctl", "is-enabled", "--quiet", ...UNITS]),
    do: async ({ run }) => {
      await run(["systemctl", "enable", "--quiet", ...UNITS]);
    },
    undo: async ({ files, run }) => {
      const known = UNITS.filter((each) => files.kind(pathOf(each)) === "file");
      if (known.length === 0) return;
      await run(["systemctl", "disable", "--quiet", ...known]);
    },
  };
}

/** The daemon runs, and runs the version that was placed. */
export function startDaemon(prefix: string): Step {
  return {
    name: "running",
    describe: () => `start ${DAEMON} and wait until it is ready`,
    isDone: (host) => runs(host, prefix),
    do: async (host) => {
      await host.run(["systemctl", "restart", "--no-block", DAEMON]);
      for (let waitedMs = 0; waitedMs < PATIENCE_MS; waitedMs += LOOK_EACH_MS) {
        if (await runs(host, prefix)) return;
        await sleep(LOOK_EACH_MS);
      }
      throw failed(
        `${DAEMON} is not ready after ${PATIENCE_MS / 1000} s; why: journalctl -u ${DAEMON}`,
      );
    },
    undo: async ({ files, run }) => {
      const known = UNITS.filter((each) => files.kind(pathOf(each)) === "file");
      for (const unit of known) {
        await run(["systemctl", "stop", unit]);
        // What failed would be listed as such for ever, with no unit to it.
        await run(["systemctl", "reset-failed", unit]).catch(() => undefined);
      }
    },
  };
}

/** Ready, by its own word (Type=notify), and from the folder in force. */
async function runs({ files, run }: Host, prefix: string): Promise<boolean> {
  const asked = ["--property=ActiveState,SubState,MainPID", DAEMON];
  const text = await run(["systemctl", "show", ...asked]);
  const value = (key: string) =>
    new RegExp(`^${key}=(.*)$`, "m").exec(text)?.[1];
  if (value("ActiveState") !== "active" || value("SubState") !== "running") {
    return false;
  }
  const folder = files.target(`/proc/${value("MainPID") ?? ""}/cwd`);
  return folder === `${prefix}/${files.target(currentOf(prefix)) ?? ""}`;
}

const PATIENCE_MS = 60_000;
const LOOK_EACH_MS = 100;

export interface KernelOptions {
  readonly node: string;
  /** The entry point of the program that the installer itself belongs to. */
  readonly entry: string;
}

/** Nothing to do beforehand; what the daemon puts there goes with it. */
export function kernelTable({ node, entry }: KernelOptions): Step {
  return {
    name: "kernel table",
    describe: () => "let the daemon keep its bans in table inet tourniquet",
    isDone: () => settled(true),
    do: () => settled(),
    undo: async ({ run }) => {
      await run([node, entry, "-c", "/dev/null", "clean-up"]);
    },
  };
}
