import { parseDocument } from "yaml";
import { misused } from "../../agent/text/failure.js";
import { configIn } from "../../service/config-file.js";
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

/**
 * The configuration. One that is there stays its owner's, but for the authority,
 * which is added where it names none; comments and all else are kept.
 */
export function writeConfig(withAuthority: boolean): Step {
  const wanted = withAuthority ? layout.authority : undefined;
  return {
    name: "configuration",
    describe: () => `write ${layout.config}`,
    isDone: ({ files }) => {
      const text = files.read(layout.config);
      if (text === undefined) return settled(false);
      const { caFile } = configIn(text, layout.config).cloud;
      if (wanted === undefined || caFile === wanted) return settled(true);
      if (caFile === undefined) return settled(false);
      throw misused(
        `${layout.config} names another authority, ${caFile}: leave out --ca, or take cloud.caFile out of it`,
      );
    },
    do: ({ files }) => {
      const text = files.read(layout.config);
      files.makeFolder(layout.configFolder);
      const written = text === undefined ? freshConfig : text;
      files.write(layout.config, naming(written, wanted), 0o644);
      return settled();
    },
    undo: ({ files }) => removeConfigFolder(files),
  };
}

function naming(text: string, authority: string | undefined): string {
  if (authority === undefined) return text;
  const document = parseDocument(text);
  document.setIn(["cloud", "caFile"], authority);
  return document.toString();
}

function removeConfigFolder(files: Host["files"]): Promise<void> {
  files.remove(layout.configFolder);
  return settled();
}

/** The configuration of a host that has none yet. */
export const freshConfig = `\
# What this host lets its cloud do. All settings and their defaults: docs/configure.md.
version: 1
cloud: {}
guard:
  allow: [] # ranges that no ban may touch
`;
