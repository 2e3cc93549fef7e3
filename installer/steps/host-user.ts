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

/** Holds the ledger, the identity and the key: for the agent's user alone. */
export function makeState(): Step {
  const path = layout.state;
  const owner = ["--owner", USER, "--group", USER];
  return {
    name: "state directory",
    describe: () => `make ${path}, which only ${USER} may enter`,
    isDone: async ({ files, run }) => {
      if (files.kind(path) !== "folder") return false;
      const found = await run(["stat", "-c", "%a %U %G", files.real(path)]);
      return found.trim() === `700 ${USER} ${USER}`;
    },
    do: async ({ files, run }) => {
      const real = files.real(path);
      await run(["install", "--directory", "--mode=0700", ...owner, real]);
      // What root made there by enrolling from files is the agent's from now on.
      const all = ["--recursive", "--no-dereference", "--from=root"];
      await run(["chown", ...all, `${USER}:${USER}`, real]);
    },
    undo: ({ files }) => {
      files.remove(path);
      return Promise.resolve();
    },
  };
}
