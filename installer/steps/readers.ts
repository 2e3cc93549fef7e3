import { succeeds, type Host } from "../host.js";
import { layout, READERS, USER } from "../layout.js";
import type { Step } from "../step.js";

/** A group whose members may look without being root, and the folder of its socket. */
export function makeReaders(): Step {
  return {
    name: "readers",
    describe: () => `add group ${READERS}, whose members may look`,
    isDone: async (host) =>
      (await hasGroup(host)) &&
      host.files.read(layout.readersFolder) === FOLDER &&
      host.files.kind(READERS_RUN) === "folder",
    do: async (host) => {
      if (!(await hasGroup(host))) {
        await host.run(["groupadd", "--system", READERS]);
      }
      host.files.write(layout.readersFolder, FOLDER, 0o644);
      const real = host.files.real(layout.readersFolder);
      await host.run(["systemd-tmpfiles", "--create", real]);
    },
    undo: async (host) => {
      host.files.remove(layout.readersFolder);
      host.files.remove(`${layout.readersFolder}.new`);
      host.files.remove(READERS_RUN);
      if (await hasGroup(host)) await host.run(["groupdel", READERS]);
    },
  };
}

const hasGroup = (host: Host) => succeeds(host, ["getent", "group", READERS]);

const READERS_RUN = "/run/tourniquet-read";

/** What is made in it is the group's: the agent has no right to give files away. */
const FOLDER = `d ${READERS_RUN} 2750 ${USER} ${READERS} -\n`;
