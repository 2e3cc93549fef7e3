import type { Program } from "./program.js";
import type { Step } from "./step.js";
import { placeCatalogue } from "./steps/catalogue.js";
import { enableAlone, enrolHost, type Enrolment } from "./steps/enrolment.js";
import { makeState, makeUser } from "./steps/host-user.js";
import {
  linkCommand,
  placeProgram,
  retireVersions,
  switchCurrent,
} from "./steps/program.js";
import { makeReaders } from "./steps/readers.js";
import {
  enableUnits,
  kernelTable,
  placeUnits,
  startDaemon,
  type KernelOptions,
  type UnitOptions,
} from "./steps/service.js";
import { placeAuthority, writeConfig } from "./steps/settings.js";

/** Everything that an installation depends on. */
export interface Setup extends Enrolment, UnitOptions, KernelOptions {
  readonly program: Program;
  /** PEM of the authority of the cloud's certificate; undefined: the system's. */
  readonly authority: string | undefined;
}

/**
 * The whole installation, in the order in which it is done; it is undone from
 * its end. The daemon has stopped before its bans leave the kernel, and the
 * program goes last.
 */
export function planOf(setup: Setup): readonly Step[] {
  const { prefix, program, authority } = setup;
  return [
    placeProgram(prefix, program),
    switchCurrent(prefix, program),
    linkCommand(prefix),
    makeUser(),
    makeState(),
    makeReaders(),
    ...(authority === undefined ? [] : [placeAuthority(authority)]),
    writeConfig(authority !== undefined),
    setup.alone ? enableAlone(setup) : enrolHost(setup),
    kernelTable(setup),
    placeUnits(setup),
    placeCatalogue(),
    enableUnits(),
    startDaemon(prefix),
    retireVersions(prefix, program),
  ];
}
