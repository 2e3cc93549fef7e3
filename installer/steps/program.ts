import { misused } from "../../agent/text/failure.js";
import type { Host } from "../host.js";
import { currentOf, layout, versionsOf } from "../layout.js";
import type { Program } from "../program.js";
import { settled, type Step } from "../step.js";

/** Places the program whole, in a folder that no other version shares. */
export function placeProgram(prefix: string, program: Program): Step {
  const versions = versionsOf(prefix);
  const folder = `${versions}/${program.name}`;
  const incoming = `${versions}/.incoming`;
  return {
    name: "program",
    describe: () => `copy tourniquet ${program.version} to ${folder}`,
    isDone: ({ files }) =>
      settled(
        files.kind(folder) === "folder" && files.kind(incoming) === "nothing",
      ),
    do: async ({ files, run }) => {
      files.remove(incoming); // half a copy of an earlier run
      if (files.kind(folder) === "folder") return;
      refuseOpen(files, prefix);
      files.makeFolder(prefix);
      files.makeFolder(versions);
      for (const { source, path } of program.parts) {
        files.copyIn(source, `${incoming}/${path}`);
      }
      await run(["chmod", "-R", "u=rwX,go=rX", files.real(incoming)]);
      await run(["chown", "-R", "root:root", files.real(incoming)]);
      await run(["sync", "-f", files.real(incoming)]);
      files.move(incoming, folder);
    },
    undo: ({ files }) => {
      files.remove(versions);
      files.removeIfEmpty(prefix);
      return settled();
    },
  };
}

/** Whoever may swap a folder on the way to it swaps the program that root runs. */
function refuseOpen(files: Host["files"], prefix: string): void {
  const open = files.openTo(prefix);
  if (open === undefined) return;
  throw misused(
    `others than root may change ${open}, and with it the program in ${prefix}; choose another --prefix, or give ${open} to root alone (chown root, chmod go-w)`,
  );
}

/** Lets `current` be this version, from one moment to the next. */
export function switchCurrent(prefix: string, program: Program): Step {
  const current = currentOf(prefix);
  const target = `versions/${program.name}`;
  return {
    name: "current version",
    describe: () => `let ${current} be ${program.name}`,
    isDone: ({ files }) => settled(files.target(current) === target),
    do: ({ files }) => {
      files.link(current, target);
      return settled();
    },
    undo: ({ files }) => {
      files.remove(current);
      files.remove(`${current}.new`);
      return settled();
    },
  };
}

/** Lets root say `tourniquet status`. */
export function linkCommand(prefix: string): Step {
  const target = `${currentOf(prefix)}/service/tourniquet`;
  return {
    name: "command",
    describe: () => `link ${layout.command} to the program`,
    isDone: ({ files }) => settled(files.target(layout.command) === target),
    do: ({ files }) => {
      refuseForeign({ files }, target);
      files.link(layout.command, target);
      return settled();
    },
    undo: ({ files }) => {
      files.remove(`${layout.command}.new`);
      if (files.target(layout.command) === target) files.remove(layout.command);
      return settled();
    },
  };
}

function refuseForeign({ files }: Pick<Host, "files">, target: string): void {
  const kind = files.kind(layout.command);
  if (kind === "nothing" || files.target(layout.command) === target) return;
  throw misused(`${layout.command} is in the way: it is not this program's`);
}

/** Earlier versions go once nothing runs them. */
export function retireVersions(prefix: string, program: Program): Step {
  const versions = versionsOf(prefix);
  const retired = ({ files }: Host) =>
    files.list(versions).filter((name) => name !== program.name);
  return {
    name: "earlier versions",
    describe: () => `remove other versions from ${versions}`,
    isDone: (host) => settled(retired(host).length === 0),
    do: (host) => {
      for (const name of retired(host))
        host.files.remove(`${versions}/${name}`);
      return settled();
    },
    undo: () => settled(),
  };
}
