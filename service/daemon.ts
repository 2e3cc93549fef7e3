import { fstatSync } from "node:fs";
import { startAgent, type Agent } from "../agent/agent.js";
import type { Config } from "../agent/config/config.js";
import type { LogLevel } from "../agent/config/log-levels.js";
import { sentenceOf } from "../agent/health/verdict.js";
import { openBoot } from "../agent/host/boot.js";
import type { Logger } from "../agent/log/logger.js";
import { openJournal } from "../agent/log/journal.js";
import { paced } from "../agent/log/pace.js";
import { openLogger } from "../agent/log/winston-logger.js";
import { systemClock } from "../agent/runtime/clock.js";
import { Lifetime } from "../agent/runtime/lifetime.js";
import { failed } from "../agent/text/failure.js";
import { messageOf } from "../agent/text/message.js";
import { wayOf } from "./cloud-way.js";
import type { Settings } from "./config-file.js";
import { startReadersServer } from "./control/readers.js";
import { startControlServer, type ControlOptions } from "./control/server.js";
import { deviceCredential } from "./identity/device-credential.js";
import { machineOf } from "./identity/machine.js";
import { whoThisIs } from "./identity/who.js";
import { measure } from "./metrics/measure.js";
import { startMetricsServer } from "./metrics/server.js";
import { isJournal, keepTelling, openNotifier } from "./notify.js";
import { keepAsLastGood, type Counting } from "./last-good.js";
import { reloading, type Reloading } from "./reload.js";
import { upgradeOrders } from "./upgrade/orders.js";
import { packageVersion } from "./version.js";

/** Where the configuration is from. */
export interface SettingsFiles {
  /** What the process starts with. @throws Failure */
  readonly start: () => Counting;
  /** What the files say. @throws Failure */
  readonly read: () => Settings;
}

/**
 * Runs the agent until the signal is aborted. Nothing that it enforced is undone
 * when it ends.
 * @throws Failure, CannotEnforce or LedgerDamage when it cannot start
 */
export async function runDaemon(
  files: SettingsFiles,
  stop: AbortSignal,
): Promise<void> {
  const started = files.start();
  const { config } = started;
  const version = packageVersion();
  await using opened = new Lifetime();
  const { log, setLevel } = await openLog(config, opened);
  const stored = await whoIsHere(config, log, stop);
  const { identity } = stored;
  const agent = opened.own(
    await startAgent({
      config,
      ...stored,
      way: wayOf(config),
      version,
      platform: process.platform,
      clock: systemClock,
      boot: await openBoot(),
      log,
      random: Math.random,
    }),
  );
  const settle = settling(agent, setLevel);
  const { read } = files;
  const keep = keepAsLastGood;
  const reloads = reloading({ ...{ read, started, keep }, log, settle });
  const { reload, refused } = reloads;
  opened.own(reloadWhenAsked(reload));
  const socketPath = config.controlSocket;
  const { clock } = agent;
  const control = { socketPath, agent, clock, version, ...reloads };
  const upgrade = upgradeOrders(agent, { stateDir: config.stateDir, version });
  opened.own(await startControlServer({ ...control, upgrade }));
  await answerReaders(opened, control, log);
  await tellNumbers(opened, { agent, version, config, log });
  await keepManagerInformed(opened, agent, refused);
  const agentId = identity?.agent ?? "stands alone";
  log.info("ready", { agent: agentId, control: socketPath });
  const broken = await untilOver(agent.broken, stop);
  if (broken !== undefined) {
    throw failed(`the agent cannot go on: ${messageOf(broken)}`, broken);
  }
}

/** Who this host is to its cloud, and the log of what changed of that. */
function whoIsHere(config: Config, log: Logger, stop: AbortSignal) {
  const pauseMs = PAUSE_MS * (0.5 + Math.random() / 2);
  return whoThisIs({
    stateDir: config.stateDir,
    way: () => wayOf(config),
    version: packageVersion(),
    handedIn: deviceCredential(process.env),
    machine: machineOf(),
    now: () => systemClock.now(),
    pause: () => systemClock.sleep(pauseMs, stop).catch(() => undefined),
    changed: (what) => log.warn("this host's identity is another", { what }),
  });
}

/** So long a host whose enrolment failed waits at most: a fleet comes bit by bit. */
const PAUSE_MS = 20_000;

async function openLog(
  { log: settled }: Config,
  opened: Lifetime,
): Promise<{
  readonly log: Logger;
  readonly setLevel: (level: LogLevel) => void;
}> {
  const journal = isJournal(process.env["JOURNAL_STREAM"], fstatSync(2));
  const entries = journal ? opened.own(await openJournal()) : undefined;
  const logger = openLogger({ ...settled, journal, entries });
  const written = { level: settled.level };
  const log = paced(logger, systemClock, () => written.level === "debug");
  const setLevel = (level: LogLevel) => {
    written.level = level;
    logger.setLevel(level);
  };
  return { log, setLevel };
}

/** The agent first, since it may fail: then nothing is another. */
const settling =
  (agent: Agent, setLevel: (level: LogLevel) => void) =>
  async (next: Config): Promise<void> => {
    await agent.settle(next);
    setLevel(next.log.level);
  };

/** What came of it, the log says. */
function reloadWhenAsked(reload: () => Promise<unknown>): Disposable {
  const hear = () => void reload().catch(() => undefined);
  process.on("SIGHUP", hear);
  return { [Symbol.dispose]: () => void process.off("SIGHUP", hear) };
}

/** Without them the host is as safe, and root is answered. */
async function answerReaders(
  opened: Lifetime,
  control: ControlOptions,
  log: Logger,
): Promise<void> {
  try {
    const readers = await startReadersServer(control);
    if (readers !== undefined) opened.own(readers);
  } catch (error) {
    log.warn("readers cannot be answered", { why: error });
  }
}

/** Without them the host is as safe: what keeps them from being told is only logged. */
async function tellNumbers(
  opened: Lifetime,
  from: {
    readonly agent: Agent;
    readonly version: string;
    readonly config: Config;
    readonly log: Logger;
  },
): Promise<void> {
  const { agent, version, config, log } = from;
  const { socket: socketPath, listen: address } = config.metrics;
  const { clock } = agent;
  try {
    opened.own(
      await startMetricsServer({
        ...{ socketPath, address, clock: systemClock },
        measure: () => measure({ agent, clock, version }),
      }),
    );
  } catch (error) {
    log.warn("metrics cannot be had", { why: error });
  }
}

/** Only where a manager of services has asked for it. */
async function keepManagerInformed(
  opened: Lifetime,
  agent: Agent,
  refused: Reloading["refused"],
): Promise<void> {
  const notifier = await openNotifier(process.env, process.pid);
  if (notifier === undefined) return;
  opened.own(notifier);
  opened.own(
    keepTelling(notifier, {
      clock: systemClock,
      pulse: async () => {
        const well = await pulse(agent);
        return refused() === undefined ? well : `${well}; ${REFUSED}`;
      },
    }),
  );
}

const REFUSED = "the configuration is refused, see: tourniquet doctor";

/** Proves that the event loop turns, the ledger reads and the kernel answers. */
async function pulse(agent: Agent): Promise<string> {
  const { verdict } = await agent.verdict();
  return `${sentenceOf(verdict)}; cloud: ${agent.link.state.at}`;
}

/** Holds the process until it is told to stop, or can't go on and says why. */
async function untilOver(
  broken: Promise<unknown>,
  stop: AbortSignal,
): Promise<unknown> {
  const hold = setInterval(() => undefined, 2 ** 30);
  try {
    return await Promise.race([aborted(stop), broken]);
  } finally {
    clearInterval(hold);
  }
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
}
