import type { Config } from "../../../agent/config/config.js";
import { askAgent, NoAgent } from "../../control/client.js";
import type { StatusView } from "../../control/status-view.js";
import { isEnrolled, readIdentity } from "../../identity/identity-store.js";
import { standsAlone } from "../../identity/stand-alone.js";
import { wrapped } from "../../terminal/lines.js";
import type { Paint } from "../../terminal/paint.js";
import { agentChecks, noAgentCheck, noAnswerCheck } from "./agent-checks.js";
import { good, wrong, type Check, type State } from "./check.js";
import {
  clockCheck,
  diskCheck,
  firewallCheck,
  kernelCheck,
} from "./host-checks.js";
import { networkChecks, notEnrolled } from "./network-checks.js";
import { orderCheck } from "./order-check.js";

/**
 * Looks at all that bans on this host rest on, with or without an agent. `refused` is
 * what is wrong with the files of the configuration.
 */
export async function examine(
  config: Config,
  refused?: string,
): Promise<readonly Check[]> {
  const [agent, kernel, order, network] = await Promise.all([
    aboutAgent(config),
    kernelCheck(config),
    orderCheck(),
    aboutCloud(config),
  ]);
  return [
    ...agent,
    configCheck(refused),
    kernel,
    firewallCheck(),
    order,
    // Before what is judged by it.
    clockCheck(Date.now()),
    ...network,
    diskCheck(config),
  ];
}

/** What the files say now, whatever a running agent goes by. */
const configCheck = (why: string | undefined): Check =>
  why === undefined
    ? good("config", "the files are as the agent would take them")
    : wrong("bad", "config", [
        why,
        "the last configuration that was good goes on to count, its guard.allow included, and nothing that changed since; a host that has none does not start",
        "mend that line, then: tourniquet config check && sudo systemctl reload tourniquet",
      ]);

async function aboutAgent(config: Config): Promise<readonly Check[]> {
  try {
    const status = await askAgent(config.controlSocket, "/v1/status");
    return agentChecks(status as StatusView);
  } catch (error) {
    if (error instanceof NoAgent) return [noAgentCheck(error)];
    return [noAnswerCheck(error)];
  }
}

async function aboutCloud(config: Config): Promise<readonly Check[]> {
  try {
    if (!isEnrolled(config.stateDir) && standsAlone(config.stateDir)) return [];
    const { identity } = readIdentity(config.stateDir);
    return await networkChecks(identity.url, config.cloud, process.env);
  } catch (error) {
    return [notEnrolled(error)];
  }
}

/** One block each: what was found, what it means, what mends it. */
export function doctorText(
  checks: readonly Check[],
  paint: Paint,
  room: number | undefined,
): string {
  const inner = room === undefined ? undefined : room - INDENT.length;
  return checks
    .map(({ check, state, found, means, mend }) => {
      const [first = "", ...rest] = wrapped(found, inner);
      const mark = paint[TONES[state]](MARKS[state].padEnd(5));
      return [
        `${mark}${check.padEnd(10)}${first}`,
        ...[
          ...rest,
          ...(means === null ? [] : wrapped(means, inner)),
          ...(mend === null ? [] : wrapped(`mend: ${mend}`, inner, "  ")),
        ].map((line) => `${INDENT}${line}`),
      ].join("\n");
    })
    .join("\n");
}

const INDENT = " ".repeat(15);

const MARKS: Readonly<Record<State, string>> = {
  good: "ok",
  warning: "warn",
  bad: "BAD",
  unknown: "?",
};

const TONES = {
  good: "good",
  warning: "warning",
  bad: "bad",
  unknown: "dim",
} as const satisfies Readonly<Record<State, keyof Paint>>;
