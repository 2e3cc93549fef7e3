import { succeeds, type Host } from "../host.js";
import { layout, USER } from "../layout.js";
import type { Step } from "../step.js";

/** A user that owns the state and nothing else, and that nobody can be. */
export function makeUser(): Step {
  return {
    name: "user",
    describe: () => `add the system user and group ${USER}`,
    isDone: hasUser,
    do: async (host) => {
      if (await hasUser(host)) return;
      const group = (await hasGroup(host)) ? ["--gid", USER] : ["--user-group"];
      await host.run([
        ...["useradd", "--system", ...group, "--no-create-home"],
        ...["--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin"],
        ...["--comment", "tourniquet agent", USER],
      ]);
    },
    undo: async (host) => {
      if (await hasUser(host)) await host.run(["userdel", USER]);
      if (await hasGroup(host)) await host.run(["groupdel", USER]);
    },
  };
}

const hasUser = (host: Host) => succeeds(host, ["getent", "passwd", USER]);
const hasGroup = (host: Host) => succeeds(host, ["getent", "group", USER]);

/** Mode, user and group of the state directory, where there is one. */
async function stateNow({ files, run }: Host): Promise<string | undefined> {
  if (files.kind(layout.state) !== "folder") return undefined;
  const real = files.real(layout.state);
  return (await run(["stat", "-c", "%a %U %G", real])).trim();
}

/** Holds the ledger, the identity and the key: for the agent's user alone. */
export function makeState(): Step {
  const path = layout.state;
  const owner = ["--owner", USER, "--group", USER];
  return {
    name: "state directory",
    describe: () => `make ${path}, which only ${USER} may enter`,
    isDone: async (host) => (await stateNow(host)) === `700 ${USER} ${USER}`,
    do: async (host) => {
      const real = host.files.real(path);
      // What root made there by enrolling from files is the agent's from now on.
      // Once others may write there, they may link to what is none of it.
      if (/^7[05][05] root /.test((await stateNow(host)) ?? "")) {
        const all = ["--recursive", "--no-dereference", "--from=root"];
        await host.run(["chown", ...all, `${USER}:${USER}`, real]);
      }
      await host.run(["install", "--directory", "--mode=0700", ...owner, real]);
    },
    undo: ({ files }) => {
      files.remove(path);
      return Promise.resolve();
    },
  };
}
