import { setTimeout as sleep } from "node:timers/promises";
import { failed } from "../agent/text/failure.js";
import type { StatusView } from "../service/control/status-view.js";
import { CommandFailed, type Host } from "./host.js";
import { currentOf, ENTRY, layout } from "./layout.js";

/**
 * What an installation has come to, in the agent's own words: asked until it has
 * reached its cloud, or for some seconds.
 * @throws Failure when the cloud has revoked this host
 */
export async function standing(
  host: Host,
  { prefix, node }: { readonly prefix: string; readonly node: string },
): Promise<string> {
  const entry = `${currentOf(prefix)}/${ENTRY}`;
  const ask = [node, entry, "-c", layout.config, "status", "--json"];
  let cloud: StatusView["cloud"] | undefined;
  for (let waitedMs = 0; waitedMs < PATIENCE_MS; waitedMs += LOOK_EACH_MS) {
    const status = await asked(host, ask);
    if (status === undefined) return `installed. ${LOOK}`;
    ({ cloud } = status);
    if (cloud.at === "none") return `installed; it stands alone. ${LOOK}`;
    if (cloud.at === "up") return `installed and connected. ${LOOK}`;
    if (cloud.why?.includes("revoked") === true) break;
    await sleep(LOOK_EACH_MS);
  }
  const why = cloud?.why ?? "no answer yet";
  if (!why.includes("revoked")) {
    return `installed, and not connected to the cloud yet: ${why}. ${LOOK}`;
  }
  throw failed(
    "the program is installed, but the cloud has revoked this host: run this again with --re-enrol and a new --token-file",
  );
}

/** Undefined where the agent says nothing that could be read. */
async function asked(
  host: Host,
  command: readonly string[],
): Promise<StatusView | undefined> {
  try {
    return JSON.parse(await host.run(command)) as StatusView;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof CommandFailed) return;
    throw error;
  }
}

const LOOK = "See: tourniquet status";
const PATIENCE_MS = 10_000;
const LOOK_EACH_MS = 250;
