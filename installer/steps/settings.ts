import { misused } from "../../service/failure.js";
import type { Host } from "../host.js";
import { layout } from "../layout.js";
import { settled, type Step } from "../step.js";

/** The authority of the cloud's certificate, where the daemon can read it. */
export function placeAuthority(pem: string): Step {
  return {
    name: "authority",
    describe: () => `write the cloud's authority to ${layout.authority}`,
    isDone: ({ files }) => settled(files.read(layout.authority) === pem),
    do: ({ files }) => {
      files.makeFolder(layout.configFolder);
      files.write(layout.authority, pem, 0o644);
      return settled();
    },
    undo: ({ files }) => removeConfigFolder(files),
  };
}

/** The configuration, unless the host has one: that one is its owner's. */
export function writeConfig(withAuthority: boolean): Step {
  return {
    name: "configuration",
    describe: () => `write ${layout.config}`,
    isDone: ({ files }) => {
      const text = files.read(layout.config);
      if (text === undefined) return settled(false);
      if (withAuthority && !text.includes(layout.authority)) {
        throw misused(
          `${layout.config} is there already and does not name the authority: add "cloud: { caFile: ${layout.authority} }", or leave out --ca`,
        );
      }
      return settled(true);
    },
    do: ({ files }) => {
      if (files.kind(layout.config) !== "nothing") return settled();
      files.makeFolder(layout.configFolder);
      files.write(layout.config, configText(withAuthority), 0o644);
      return settled();
    },
    undo: ({ files }) => removeConfigFolder(files),
  };
}

function removeConfigFolder(files: Host["files"]): Promise<void> {
  files.remove(layout.configFolder);
  return settled();
}

const configText = (withAuthority: boolean): string => `\
# What this host lets its cloud do. All settings and their defaults: README.md.
version: 1
cloud: ${withAuthority ? `{ caFile: ${layout.authority} }` : "{} # caFile: /path/to/authority.pem"}
guard:
  allow: [] # ranges that no ban may touch
`;
