import { formatCidr, parseCidr } from "../../../agent/model/cidr.js";
import type { FeedName } from "../../../agent/model/position.js";
import type { Banned } from "../../../cloud/decide/ban-orders.js";
import type { Imported } from "../../../cloud/decide/import-orders.js";
import type { Lifted } from "../../../cloud/decide/lift-orders.js";
import type { Caller } from "../../../cloud/operators/caller.js";
import { ban, list, type Opened, type Stage } from "../two-persons/stage.js";

export const HOUR_MS = 3_600_000;
export const HOUR_S = 3_600;
export const DAY_S = 86_400;

/** Where something is decided, and by whom. */
export interface Here {
  readonly stage: Stage;
  readonly cloud: Opened;
  readonly ann: Caller;
}

/** How ann decides and undoes, and what stands. */
export function deciding(here: () => Here) {
  const banned = async (
    ranges: readonly string[],
    more: Parameters<typeof ban>[1] & { readonly replace?: boolean } = {},
  ) => {
    const order = { ...ban(ranges, more), replace: more.replace ?? false };
    const came = await here().cloud.orders.ban(here().ann, order);
    return idOf(came as { done: Banned });
  };
  const lifted = async (ranges: readonly string[]) => {
    const came = await here().cloud.orders.lift(here().ann, {
      ...{ feeds: ["urgent"], ranges: ranges.map(parseCidr), within: false },
      ...{ reason: "", dryRun: false, breakGlass: undefined },
    });
    return (came as { done: Lifted }).done.decisions[0]!.decision;
  };
  const imported = async (lines: readonly string[], force = true) => {
    const came = await here().cloud.orders.import(
      here().ann,
      await list(lines, { force }),
    );
    return idOf(came as { done: Imported });
  };
  const undo = (
    undoes: string,
    more: { dryRun?: boolean; wrong?: boolean } = {},
  ) =>
    here().cloud.undos.undo({
      ...{ undoes, by: "ann", reason: "a mistake" },
      ...{ wrong: false, dryRun: false, ...more },
    });
  const stands = async (feed: FeedName = "urgent") => {
    const now = Math.floor(here().stage.clock.now() / 1_000);
    const query = { feeds: [feed], range: undefined, limit: 10_000, now };
    const { bans } = await here().cloud.state.bans({
      ...query,
      from: undefined,
    });
    return bans.map(({ cidr, expiresAt, reason, observed }) => ({
      ...{ range: formatCidr(cidr), until: expiresAt, reason, observed },
    }));
  };
  const at = (seconds: number) =>
    Math.floor(here().stage.clock.now() / 1_000) + seconds;
  return { banned, lifted, imported, undo, stands, at };
}

/** Of what was decided. */
export const idOf = ({
  done,
}: {
  readonly done: {
    readonly decision: { readonly decision: string } | undefined;
  };
}): string => {
  if (done.decision === undefined) throw new Error("nothing changed");
  return done.decision.decision;
};

/** The same throws each time. */
export function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}
