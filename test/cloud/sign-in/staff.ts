import { join } from "node:path";
import type { Fields } from "../../../agent/log/logger.js";
import { silentLogger } from "../../../agent/log/logger.js";
import type { Clock } from "../../../agent/runtime/clock.js";
import type { DecisionEvent } from "../../../cloud/journal/decision-events.js";
import type { RecordedDecision } from "../../../cloud/journal/decision-events.js";
import type {
  CredentialAdded,
  OperatorJoined,
} from "../../../cloud/journal/operator-events.js";
import { SqliteDecisions } from "../../../cloud/journal/sqlite-decisions.js";
import { View } from "../../../cloud/journal/view.js";
import type { Caller } from "../../../cloud/operators/caller.js";
import { Operators } from "../../../cloud/operators/operators.js";
import { Staff as Work } from "../../../cloud/operators/staff.js";
import { operatorTables } from "../../../cloud/operators/operators.projection.js";
import { openAccounts } from "../../../cloud/sign-in/accounts.js";
import type { FetchOutside } from "../../../cloud/sign-in/issuer.js";
import { LoginSettings } from "../../../cloud/sign-in/login-settings.js";
import { SignIn } from "../../../cloud/sign-in/sign-in.js";
import * as v from "valibot";
import { temporaryFolder } from "../../support/cloud/cloud.js";
import { ManualClock } from "../../support/time/clock.js";

export const ORIGIN = "https://cloud.example";

/** Where somebody is. */
export const HOME = "192.0.2.1";

export interface StaffOptions<C extends Clock> {
  readonly clock?: C;
  readonly login?: v.InferInput<typeof LoginSettings>;
  readonly publicUrl?: string;
  readonly fetchOutside?: FetchOutside;
  readonly orgs?: readonly string[];
}

/** Operators of a cloud with a record and accounts of its own, and their sign-in. */
export async function staff<C extends Clock = ManualClock>(
  options: StaffOptions<C> = {},
) {
  const folder = temporaryFolder();
  const clock = (options.clock ?? new ManualClock()) as C;
  const file = join(folder.path, "accounts.db");
  const decisions = SqliteDecisions.open(
    join(folder.path, "decisions.db"),
    clock,
  );
  const view = await View.open(join(folder.path, "view.db"), decisions, [
    operatorTables,
  ]);
  const told: RecordedDecision["event"][] = [];
  decisions.subscribe((news) =>
    told.push(...news.map(({ event }) => event).filter(isNoToken)),
  );
  const accounts = openAccounts(file, silentLogger);
  const operators = new Operators({ decided: view.database }, { clock });
  const hasOrg = (id: string) => (options.orgs ?? []).includes(id);
  const work = new Work({
    ...{ clock, operators, decisions, hasOrg },
    ...{ hasFeed: () => false, canSignInAt: () => true },
  });
  const said: { readonly what: string; readonly fields: Fields | undefined }[] =
    [];
  const say = (what: string, fields?: Fields) =>
    void said.push({ what, fields });
  const dropped: string[] = [];
  const made: SignIn[] = [];
  const make = () => {
    const signIn = new SignIn(v.parse(LoginSettings, options.login ?? {}), {
      ...{ clock, accounts, operators, decisions, hasOrg, staff: work },
      log: { ...silentLogger, info: say, warn: say },
      dropped: (what) => void dropped.push(what),
      cloudName: "example",
      publicUrl: () => options.publicUrl ?? ORIGIN,
      fetchOutside: options.fetchOutside ?? nobodyOutside,
      clientSecret: () => CLIENT_SECRET,
    });
    made.push(signIn);
    return signIn;
  };
  const signIn = make();
  const append = (...events: DecisionEvent[]) =>
    decisions.append(events, decisions.level);
  return {
    ...{ clock, operators, signIn, said, dropped, append, file, accounts },
    tokenFor,
    /** As a cloud that was started again has it. */
    make,
    /** But for the tokens that who is let in begins with. */
    events: () => told,
    /** Lets somebody in, with a token. */
    joins: async (name: string, more: Partial<OperatorJoined> = {}) => {
      const operator = `opr-${name.toLowerCase()}`;
      const token = tokenFor(name, tokenOf(name));
      await append({ ...JOINED, operator, name, ...more }, token);
      return operators.operator(operator)!;
    },
    /** A caller with a token, who has not shown anything else. */
    callerOf: (name: string): Caller => {
      const { id, role, org } = operators.operator(name)!;
      const credential = tokenOf(name);
      return {
        ...{ operator: id, name, role, org, credential, from: HOME },
        ...{ steppedUpUntil: null, limits: null, collection: null },
      };
    },
    [Symbol.dispose]: () => {
      for (const each of made) each[Symbol.dispose]();
      view[Symbol.dispose]();
      decisions[Symbol.dispose]();
      accounts.close();
      folder[Symbol.dispose]();
    },
  };
}

export type Staff = Awaited<ReturnType<typeof staff>>;

export const CLIENT_SECRET = "a-secret-of-the-client-that-is-long-enough";

const JOINED: Omit<OperatorJoined, "operator" | "name"> = {
  ...{ kind: "operator-joined", role: "admin", org: null, by: "init" },
};

/** Another token of somebody's. */
const tokenFor = (name: string, credential: string): CredentialAdded => ({
  ...{ kind: "credential-added", operator: `opr-${name.toLowerCase()}` },
  ...{ credential, of: "token", label: "", tokenHash: `hash of ${credential}` },
  ...{ expiresAt: null, by: "init" },
});

const tokenOf = (name: string): string => `tok-${name.toLowerCase()}`;

const isNoToken = (event: RecordedDecision["event"]): boolean =>
  event.kind !== "credential-added" || event.of !== "token";

const nobodyOutside: FetchOutside = () =>
  Promise.reject(new Error("nobody is out there"));
