import { join } from "node:path";
import { parseCidr } from "../../../agent/model/cidr.js";
import { silentLogger } from "../../../agent/log/logger.js";
import type { FeedName } from "../../../agent/model/position.js";
import { Lifetime } from "../../../agent/runtime/lifetime.js";
import { Calls } from "../../../cloud/audit/calls.js";
import { ListReader, readList } from "../../../cloud/lists/list.js";
import { judgeReplacement } from "../../../cloud/lists/replacement.js";
import { newId } from "../../../cloud/ids.js";
import type { DecisionEvent } from "../../../cloud/journal/decision-events.js";
import type {
  ActuatorLimits,
  Role,
} from "../../../cloud/journal/operator-events.js";
import { openDeciding } from "../../../cloud/open-deciding.js";
import type { Caller } from "../../../cloud/operators/caller.js";
import { foundCloud, loadCloud } from "../../../cloud/setup.js";
import { openStore } from "../../../cloud/store.js";
import { TwoPersonsSettings } from "../../../cloud/two-persons/settings.js";
import { parseShape } from "../../../agent/protocol/shapes.js";
import { TestFolder } from "../../support/folder.js";
import { ManualClock } from "../../support/time/clock.js";

export const DAY_S = 24 * 60 * 60;

/** A cloud's deciding half without its doors, in a folder that outlives it. */
export class Stage implements AsyncDisposable {
  readonly #folder = new TestFolder();
  readonly dir = join(this.#folder.path, "cloud");
  readonly clock: ManualClock;

  constructor(clock = new ManualClock(1_790_000_000_000)) {
    this.clock = clock;
    const founding = { dir: this.dir, name: "c", publicUrl: undefined };
    foundCloud({ ...founding, listen: "127.0.0.1:0" }, clock);
  }

  /** Opens it; once disposed, it may be opened again. */
  async open(settings: object = {}) {
    await using opened = new Lifetime();
    const { clock } = this;
    const ports = { clock, log: silentLogger, calls: new Calls() };
    const loaded = loadCloud(this.dir, undefined);
    const rollout = { ...loaded.rollout, enabled: false };
    const config = { ...loaded, rollout };
    const store = await openStore(config, ports, opened);
    const twoPersons = parseShape(TwoPersonsSettings, settings, "settings");
    const rooms = openDeciding({ ...config, twoPersons }, ports, store, opened);
    const append = (...events: DecisionEvent[]) =>
      store.decisions.append(events);
    const running = opened.release();
    return {
      ...{ ...store, ...rooms, append, dir: this.dir },
      /** What the log has of a kind. */
      logged: async <K extends DecisionEvent["kind"]>(kind: K) => {
        const rows = await store.decisions.rowsAfter(0, 10_000);
        type Event = Extract<DecisionEvent, { readonly kind: K }>;
        return rows
          .map(({ body, seq }) => ({
            seq,
            ...(JSON.parse(body ?? "{}") as Event),
          }))
          .filter((event) => event.kind === kind);
      },
      [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.resolve();
    this.#folder[Symbol.dispose]();
  }
}

export type Opened = Awaited<ReturnType<Stage["open"]>>;

interface Person {
  readonly org?: string;
  readonly limits?: ActuatorLimits;
  /** Whether there is anything to sign in by. */
  readonly credential?: boolean;
}

/** Lets somebody in, who has just shown who they are. */
export async function letIn(
  { append }: Opened,
  name: string,
  role: Role,
  { org, limits, credential = true }: Person = {},
): Promise<Caller> {
  const operator = newId("opr");
  const token = newId("tok");
  await append({
    ...{ kind: "operator-joined", operator, name, role, org: org ?? null },
    ...(limits && { limits }),
    by: "test",
  });
  if (credential) {
    await append({
      ...{ kind: "credential-added", operator, credential: token, of: "token" },
      ...{ label: "", tokenHash: newId("hash"), expiresAt: null, by: "test" },
    });
  }
  return {
    ...{ operator, name, role, org: org ?? null, credential: token },
    ...{ from: "127.0.0.1", steppedUpUntil: Infinity },
    ...{ limits: limits ?? null, collection: null },
  };
}

/** An order to ban, for 4 h unless something else is said. */
export const ban = (
  ranges: readonly string[],
  more: {
    readonly feed?: FeedName;
    readonly forSeconds?: number | undefined;
    readonly observed?: boolean;
    readonly dryRun?: boolean;
    readonly breakGlass?: string;
  } = {},
) => {
  const { feed = "urgent", observed = false, dryRun = false } = more;
  const forSeconds = "forSeconds" in more ? more.forSeconds : 14_400;
  return {
    ...{ feed, ranges: ranges.map((each) => parseCidr(each)), dryRun },
    terms: { forSeconds, reason: "seen", observed },
    ...{ replace: false, breakGlass: more.breakGlass },
  };
};

/** An order to import a list, which replaces what it held before. */
export async function list(
  lines: readonly string[],
  more: { readonly force?: boolean; readonly breakGlass?: string } = {},
) {
  const reader = new ListReader();
  const bytes = Buffer.from(`${lines.join("\n")}\n`);
  await readList(
    (async function* () {
      yield await Promise.resolve(bytes);
    })(),
    reader,
  );
  const report = reader.report();
  return {
    ...{ feed: "reputation" as const, ranges: reader.ranges, report },
    terms: { forSeconds: DAY_S, reason: "listed", observed: false },
    ...{ list: "bad", replace: true, dryRun: false },
    breakGlass: more.breakGlass,
    judge: (replacement: Parameters<typeof judgeReplacement>[1]) => {
      const said = judgeReplacement(report, replacement, more.force ?? false);
      if (said.take === "nothing") throw new Error(said.why);
    },
  };
}

/** So many addresses in a row. */
export const addresses = (count: number, from = 0): readonly string[] =>
  Array.from(
    { length: count },
    (_, i) => `45.9.${(from + i) >> 8}.${(from + i) & 255}`,
  );

/** What an order waits as, or a failure of the test. */
export function waiting<T extends { readonly kind: string }>(
  outcome: T,
): T & { readonly kind: "waits" } {
  if (outcome.kind !== "waits") throw new Error("it was carried out at once");
  return outcome as T & { readonly kind: "waits" };
}
