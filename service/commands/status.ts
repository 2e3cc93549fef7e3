import type { Command } from "commander";
import type { Config } from "../../agent/config/config.js";
import { printable } from "../../agent/log/printable.js";
import { askAgent } from "../control-client.js";
import type { StatusView } from "../views.js";
import { table } from "../table.js";

/** `tourniquet status`: is it enforcing, and what. */
export function statusCommand(program: Command, config: () => Config): void {
  program
    .command("status")
    .description("say whether this host is enforcing, and what")
    .option("--json", "print one JSON object")
    .action(async ({ json }: { json?: boolean }) => {
      const { controlSocket } = config();
      const status = await askAgent(controlSocket, "/v1/status");
      const text = json ? JSON.stringify(status) : asText(status as StatusView);
      process.stdout.write(`${text}\n`);
    });
}

/** What may yet be taken back. */
const trialLines = ({ trials }: StatusView): readonly string[] =>
  trials.map(
    ({ feed, bans, until, missing }) =>
      `on trial: ${bans} bans of ${feed}, until ${until}; ${missing.map((each) => printable(each)).join(", ") || "awaiting the cloud's word"}`,
  );

/** Whether packets were seen to be stopped. */
function proofLines({ proof }: StatusView): readonly string[] {
  if (proof === null) return [];
  return proof.latest.map(({ address, at, outcome, why }) => {
    const packet = `a packet to ${address}`;
    switch (outcome) {
      case "failed":
        return `NOT PROVEN: ${packet} went on its way at ${at}`;
      case "unproven":
        return `unproven: ${packet}, tried at ${at}: ${printable(why ?? "?")}`;
      default:
        return `proof: ${packet} was ${outcome} at ${at}`;
    }
  });
}

/** What became of the open sessions of banned addresses. */
/** Whether each sensor reads anything, and knows what it reads. */
const sensorLines = ({ sensors }: StatusView): readonly string[] =>
  sensors.map(
    ({ name, source, newest, ...counts }) =>
      `sensor: ${name} reads ${source}: ${counts.lines} lines, ${counts.ofService} of ${name}, ${counts.understood} understood, ${counts.failures} failures; the last of ${name} ${newest ?? "not yet"}`,
  );

function sessionLines({ sessions }: StatusView): readonly string[] {
  if (sessions === null) return [];
  const { sockets, flows, outOfReach, lastFailure } = sessions;
  return [
    `cut: ${sockets} sockets, ${flows} tracked connections`,
    ...outOfReach.map((each) => `cannot cut ${each}`),
    ...(lastFailure
      ? [`not cut at ${lastFailure.at}: ${printable(lastFailure.why)}`]
      : []),
  ];
}

function asText(status: StatusView): string {
  const { kernel, ledger, cloud, hits, upkeep } = status;
  const { healed, contested, audit } = upkeep;
  const lines = [
    ...(status.safeMode ? [SAFE_MODE] : []),
    `${stateOf(status)}: the kernel holds revision ${kernel.revision ?? "none"}, the ledger ${ledger.revision}`,
    cloud.at === "up"
      ? `cloud: connected to ${cloud.address ?? "?"} since ${cloud.since}`
      : `cloud: not connected since ${cloud.since} (${cloud.why ?? "?"}); bans stay in force`,
    `dropped: ${hits.packets} packets, ${hits.bytes} bytes`,
    ...proofLines(status),
    ...trialLines(status),
    ...sessionLines(status),
    ...sensorLines(status),
    `disturbed by others: ${healed} times, put right each time; ${audit.checked} bans looked up, ${audit.found} differences found`,
    ...(contested === null ? [] : [`CONTESTED by ${contested}`]),
    `protected: ${[...status.protected.own, ...status.protected.gateways, ...status.protected.cloud].join(", ") || "nothing"}`,
    `memory: ${status.memoryMb} MB, version ${status.version}`,
  ];
  const feeds = status.feeds.map(
    ({ feed, epoch, offset, bans, observed, held }) => [
      feed,
      `${epoch}/${offset}`,
      ...[bans, observed, held].map(String),
    ],
  );
  const head = ["feed", "at", "bans", "observed", "held"];
  return [...lines, "", table(head, feeds)].join("\n");
}

const SAFE_MODE =
  "SAFE MODE after repeated crashes: bans in the kernel stay and end, no new ones come; systemctl restart tourniquet ends it";

function stateOf({ enforcing, mode, pausedUntil }: StatusView): string {
  if (pausedUntil !== null)
    return `PAUSED until ${pausedUntil}, nothing is dropped`;
  if (mode === "observe") return "OBSERVING, nothing is dropped";
  return enforcing ? "enforcing" : "NOT ENFORCING";
}
