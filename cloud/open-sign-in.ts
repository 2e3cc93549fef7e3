import { isAbsolute, join } from "node:path";
import type { Logger } from "../agent/log/logger.js";
import type { Clock } from "../agent/runtime/clock.js";
import type { Lifetime } from "../agent/runtime/lifetime.js";
import { filesOf, readText } from "./folder.js";
import type { Drops } from "./log/drops.js";
import type { Staff } from "./operators/staff.js";
import type { OutgoingDoor } from "./outgoing/outgoing-door.js";
import { openAccounts } from "./sign-in/accounts.js";
import { KeptAnswers } from "./sign-in/kept-answers.js";
import type { LoginSettings } from "./sign-in/login-settings.js";
import { SignIn } from "./sign-in/sign-in.js";
import { waysIn, type WaysIn } from "./sign-in/ways-in.js";
import type { Store } from "./store.js";

interface SignInParts {
  readonly config: {
    readonly dir: string;
    readonly name: string;
    readonly login: LoginSettings;
  };
  readonly clock: Clock;
  readonly log: Logger;
  readonly store: Pick<Store, "decisions" | "operators" | "registry">;
  readonly staff: Staff;
  readonly drops: Pick<Drops, "count">;
  readonly outgoing: Pick<OutgoingDoor, "fetch">;
  readonly publicUrl: () => string;
}

/** How this cloud's operators prove who they are. */
export function openSignIn(
  { config, store, staff, drops, outgoing, ...rest }: SignInParts,
  opened: Lifetime,
): {
  readonly signIn: SignIn;
  readonly kept: KeptAnswers;
  readonly ways: () => WaysIn;
} {
  const { dir, name: cloudName, login } = config;
  const accounts = openAccounts(filesOf(dir).accounts, rest.log);
  opened.defer(() => void accounts.close());
  const { decisions, operators, registry } = store;
  const signIn = opened.own(
    new SignIn(login, {
      ...{ ...rest, accounts, decisions, operators, staff, cloudName },
      hasOrg: (id) => registry.org(id) !== undefined,
      dropped: (what) => drops.count(what),
      fetchOutside: (url, init) => outgoing.fetch(url, init),
      clientSecret: () => secretIn(dir, login.oidc?.clientSecretFile),
    }),
  );
  const ways = () => waysIn(login, rest.publicUrl());
  return { signIn, kept: new KeptAnswers(accounts, rest), ways };
}

/** @throws BadFolder when it cannot be read */
function secretIn(dir: string, file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  return readText(isAbsolute(file) ? file : join(dir, file)).trim();
}
