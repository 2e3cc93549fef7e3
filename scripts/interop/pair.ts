import { buildAt, THIS_BUILD, type Build } from "../lab/build.js";

/** Which build each side is. */
export interface Pair {
  /** Such as "agent 0.1.0, this cloud". */
  readonly name: string;
  readonly agent: Build;
  readonly cloud: Build;
  /** Of the cloud's `init`: an agent of version 1 reads no root of version 2. */
  readonly init: readonly string[];
}

/**
 * An agent's first report comes after a share of its interval that is drawn by
 * lot, up to ten minutes: here always after a small one.
 */
export function reportingSoon(build: Build): Build {
  const { unit } = build;
  const early =
    "const drawn=Math.random;Math.random=()=>0.98+0.02*drawn()".replaceAll(
      " ",
      "%20",
    );
  const environment = {
    ...unit.environment,
    NODE_OPTIONS: `--import=data:text/javascript,${early}`,
  };
  return { ...build, unit: { ...unit, environment } };
}

/** Both ways across the versions, and this build alone as the control. */
export function pairsWith(old: string): readonly Pair[] {
  const before = reportingSoon(buildAt(old));
  const now = reportingSoon(THIS_BUILD);
  return [
    {
      name: "agent 0.1.0, this cloud",
      agent: before,
      cloud: THIS_BUILD,
      init: FOR_OLD_AGENTS,
    },
    {
      name: "this agent, cloud 0.1.0",
      agent: now,
      cloud: before,
      init: [],
    },
    {
      name: "this agent, this cloud",
      agent: now,
      cloud: THIS_BUILD,
      init: [],
    },
  ];
}

/** How this build's cloud is founded for agents of 0.1.0. */
export const FOR_OLD_AGENTS: readonly string[] = ["--v1-agents"];
