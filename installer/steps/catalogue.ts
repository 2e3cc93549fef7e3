import { dirname } from "node:path";
import { catalogueText } from "../../agent/log/message-ids.js";
import type { Host } from "../host.js";
import { layout } from "../layout.js";
import type { Step } from "../step.js";

/** What `journalctl -x` says of the agent's messages; a host without a catalogue needs none. */
export function placeCatalogue(): Step {
  const takeIn = ({ run }: Host) => run(["journalctl", "--update-catalog"]);
  return {
    name: "catalogue",
    describe: () => "explain the agent's messages to journalctl -x",
    isDone: ({ files }) =>
      Promise.resolve(
        files.kind(dirname(layout.catalogue)) !== "folder" ||
          files.read(layout.catalogue) === catalogueText(),
      ),
    do: async (host) => {
      host.files.write(layout.catalogue, catalogueText(), 0o644);
      await takeIn(host);
    },
    undo: async (host) => {
      const { files } = host;
      const isThere = files.kind(layout.catalogue) === "file";
      files.remove(layout.catalogue);
      files.remove(`${layout.catalogue}.new`);
      if (isThere) await takeIn(host);
    },
  };
}
