import { setTimeout as sleep } from "node:timers/promises";
import { parseCidr } from "../../agent/model/cidr.js";
import { flowsOf, isOpened, type Flow } from "./flows/flows.js";
import { machineMs, type Log } from "./flows/log.js";
import { established } from "./flows/sockets.js";
import { haveArrived, matrixOf, type Matrix } from "./matrix.js";
import { ADDRESSES } from "./stage/addresses.js";
import type { Stage } from "./stage/stage.js";
import type { Subject } from "./stage/subject.js";

/** Opens traffic on every path, bans its client, watches, and lifts the ban. */
export async function measure(stage: Stage, subject: Subject): Promise<Matrix> {
  const { families } = stage;
  const addresses = families.map((it) => parseCidr(ADDRESSES[it].client));
  const flows = families.flatMap((family) => flowsOf(family, ""));
  const again = families
    .flatMap((family) => flowsOf(family, ", again"))
    .filter(isOpened);

  await subject.ready();
  await stage.send(flows);
  const before = await works(stage, flows, 0);

  const bannedAt = machineMs();
  await subject.ban(addresses);
  const doneAt = machineMs();
  await sleep(WATCH_MS);
  const banned = await stage.log();
  const watchedUntil = machineMs();
  const sockets = await Promise.all(
    families.map(async (family) => ({
      family,
      open: flows.filter((flow) => flow.family === family && isHosts(flow))
        .length,
      established: await established(ADDRESSES[family].client),
    })),
  );

  const liftedAt = machineMs();
  await subject.lift(addresses);
  await stage.send(again);
  const renewed = flows.filter((flow) => !isOpened(flow));
  const lifted = await works(stage, [...renewed, ...again], liftedAt);

  return matrixOf({
    ...{ subject: subject.name, flows, again },
    ...{ bannedAt, doneAt, watchedUntil, liftedAt },
    ...{ before, banned, lifted },
    sockets,
  });
}

/** The log once all of these get through; or without, when that takes too long. */
async function works(
  stage: Stage,
  flows: readonly Flow[],
  sinceMs: number,
): Promise<Log> {
  const deadline = machineMs() + PATIENCE_MS;
  for (;;) {
    const log = await stage.log();
    if (haveArrived(flows, log, sinceMs) || machineMs() > deadline) return log;
    await sleep(20);
  }
}

/** Whether the host itself has a socket for this flow, for as long as it is open. */
const isHosts = (flow: Flow): boolean =>
  isOpened(flow) && flow.path !== "container behind DNAT";

/** So long after the ban it is watched whether anything gets through. */
const WATCH_MS = 2_000;
const PATIENCE_MS = 5_000;
