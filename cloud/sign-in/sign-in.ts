import type { Logger } from "../../agent/log/logger.js";
import type { Clock } from "../../agent/runtime/clock.js";
import type { Database } from "../journal/database.js";
import type { Decisions } from "../journal/decisions.js";
import type { Dropped } from "../log/drops.js";
import { callerOf, SOCKET, type Caller } from "../operators/caller.js";
import type { Operator } from "../operators/operator.js";
import { isGood, STEP_UP_MS, type Operators } from "../operators/operators.js";
import type { Staff } from "../operators/staff.js";
import { ByIssuer, type Errand } from "./by-issuer.js";
import { SignInCounts } from "./counts.js";
import { SignInRefused, WayUnusable } from "./failures.js";
import { forgetWhatEnds } from "./forgetting.js";
import { Hashing } from "./hashing.js";
import type { FetchOutside } from "./issuer.js";
import type { LoginSettings } from "./login-settings.js";
import { Passkeys, type PasskeyMade, type PasskeyShown } from "./passkeys.js";
import { Passwords } from "./passwords.js";
import { Sessions, type Beginning, type Session } from "./sessions.js";
import { StepUps } from "./step-ups.js";
import { Tries } from "./tries.js";

export interface SignInPorts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly accounts: Database;
  readonly operators: Operators;
  readonly staff: Pick<Staff, "receiver">;
  readonly decisions: Pick<
    Decisions,
    "level" | "append" | "catchUp" | "subscribe"
  >;
  readonly hasOrg: (id: string) => boolean;
  readonly dropped: (what: Dropped) => void;
  readonly cloudName: string;
  readonly publicUrl: () => string;
  readonly fetchOutside: FetchOutside;
  /** Of the issuer's client. */
  readonly clientSecret: () => string | undefined;
}

/** Somebody who is signed in from here on. */
export interface SignedIn {
  /** What the browser keeps. */
  readonly secret: string;
  readonly session: Session;
  readonly caller: Caller;
}

/** How operators prove who they are, and for how long that counts. */
export class SignIn implements Disposable {
  readonly #ports: SignInPorts;
  readonly #sessions: Sessions;
  readonly #stepUps: StepUps;
  readonly #passwords: Passwords;
  readonly #passkeys: Passkeys;
  readonly #byIssuer: ByIssuer | undefined;
  readonly #counts: SignInCounts;
  readonly #forgetting: Disposable;

  constructor({ sessions, oidc }: LoginSettings, ports: SignInPorts) {
    const { accounts, clock, log } = ports;
    this.#ports = ports;
    this.#counts = new SignInCounts(ports.dropped);
    this.#sessions = new Sessions(accounts, sessions, clock);
    this.#stepUps = new StepUps(accounts, clock);
    const hashing = new Hashing();
    const tries = new Tries(accounts, clock);
    this.#passwords = new Passwords({ ...ports, hashing, tries });
    this.#passkeys = new Passkeys({
      ...ports,
      countedBack: ({ id, operator }) => {
        const what = "a passkey counted back: there may be two of it";
        log.warn(what, { credential: id, operator });
      },
    });
    this.#byIssuer =
      oidc &&
      new ByIssuer(oidc, {
        ...ports,
        lostAll: (operator) => this.#sessions.endOf(operator),
      });
    this.#forgetting = forgetWhatEnds(ports, {
      credential: (id) => this.#passwords.forget(id),
      operator: (id) => this.#sessions.endOf(id),
    });
  }

  [Symbol.dispose](): void {
    this.#forgetting[Symbol.dispose]();
  }

  /**
   * The caller whose session a cookie opens; undefined: nobody's.
   * @param isUsed whether somebody used it just now, and no page by itself
   */
  bySession(secret: string, from: string, isUsed = true): Caller | undefined {
    const session = this.#sessions.use(secret, isUsed);
    const caller = session && this.#calling(session, from);
    if (session && !caller) this.#sessions.end(session.id);
    return caller;
  }

  /**
   * The same caller as things stand now, for who stays longer than one request;
   * undefined once their session or token is over. To look is no use of a session.
   */
  again(caller: Caller): Caller | undefined {
    const { credential, operator, from } = caller;
    if (!credential.startsWith("ses-")) {
      const now = this.#ports.operators.again(caller);
      return now && this.steppedUp(now);
    }
    const session = this.session(credential, operator);
    return session && this.#calling(session, from);
  }

  /** A caller with what they stepped up to, besides what their way here gives. */
  steppedUp(caller: Caller): Caller {
    const until = this.#stepUps.until(caller.credential);
    const steppedUpUntil = Math.max(until ?? 0, caller.steppedUpUntil ?? 0);
    return { ...caller, steppedUpUntil: steppedUpUntil || null };
  }

  /** The session that a cookie opens, as its owner sees it. */
  session(credential: string, operator: string): Session | undefined {
    return this.#sessions.of(operator).find(({ id }) => id === credential);
  }

  /** @throws SignInRefused, TryLater */
  async byPassword(
    { name, password }: { readonly name: string; readonly password: string },
    from: string,
  ): Promise<SignedIn> {
    return this.#counts.during(async () => {
      const proved = await this.#passwords.prove(name, password, from);
      return this.#begin(proved, "password", from);
    });
  }

  passkeyOptions(from: string) {
    return this.#passkeys.assertion(from);
  }

  /** @throws SignInRefused */
  async byPasskey(shown: PasskeyShown, from: string): Promise<SignedIn> {
    return this.#counts.during(async () => {
      const proved = await this.#passkeys.prove(shown);
      return this.#begin(proved, "passkey", from);
    });
  }

  /** @throws WayUnusable */
  async toIssuer(errand: Errand, from: string) {
    return this.#atIssuer().send(errand, from);
  }

  /**
   * Signs in who comes back from the issuer, or steps their session up.
   * @param caller who the browser is signed in as already
   * @throws SignInRefused, WayUnusable, TryLater
   */
  async fromIssuer(
    back: { readonly query: string; readonly browser: string | undefined },
    caller: Caller | undefined,
    from: string,
  ): Promise<{
    readonly signedIn: SignedIn | null;
    readonly to: string | null;
  }> {
    return this.#counts.during(async () => {
      const byIssuer = this.#atIssuer();
      const { errand, operator, isFresh } = await byIssuer.back(
        back.query,
        back.browser,
        from,
      );
      const { stepUp, to } = errand;
      if (stepUp === null) {
        const proved = { operator, credential: null };
        const signedIn = this.#begin(proved, "oidc", from, isFresh);
        return { signedIn, to };
      }
      if (caller?.credential !== stepUp.session || !isFresh) {
        throw new SignInRefused(
          "the session that was to be stepped up is over",
        );
      }
      this.#stepUps.grant(stepUp.session);
      return { signedIn: null, to };
    });
  }

  passkeyOptionsFor({ operator, from }: Caller) {
    return this.#passkeys.assertion(from, operator);
  }

  /**
   * Lets a caller do what is dangerous, for a while.
   * @returns until when
   * @throws SignInRefused, TryLater
   */
  async stepUp(
    { operator, name, credential, from }: Caller,
    by: { readonly password: string } | { readonly passkey: PasskeyShown },
  ): Promise<number> {
    return this.#counts.during(async () => {
      const proved =
        "password" in by
          ? await this.#passwords.prove(name, by.password, from)
          : await this.#passkeys.prove(by.passkey, operator);
      if (proved.operator.id !== operator) throw new SignInRefused(NOT_YOU);
      const way = "password" in by ? "password" : "passkey";
      this.#say("an operator stepped up", { name, way, credential, from });
      return this.#stepUps.grant(credential);
    });
  }

  /**
   * Sets a password. One's own session goes on, all others of the operator end.
   * @param old what has to be right, where one changes one's own without more
   * @throws SignInRefused, TryLater, BadChoice, StaffRefused
   */
  async setPassword(
    operator: Operator,
    {
      password,
      old,
    }: { readonly password: string; readonly old?: string | undefined },
    caller: Caller,
  ): Promise<string> {
    if (old !== undefined) {
      await this.#counts.during(() =>
        this.#passwords.prove(operator.name, old, caller.from),
      );
    }
    const credential = await this.#passwords.set(
      operator.id,
      password,
      caller.name,
      this.#receiver(operator.id, caller, "password"),
    );
    this.#sessions.endOf(operator.id, caller.credential);
    if (operator.id === caller.operator) {
      this.#sessions.rebind(caller.credential, credential);
    }
    return credential;
  }

  hasPassword(operator: string): boolean {
    return this.#passwords.has(operator);
  }

  newPasskey(operator: Operator) {
    return this.#passkeys.creation(operator);
  }

  /** @throws SignInRefused, BadChoice, StaffRefused */
  addPasskey(
    caller: Caller,
    made: PasskeyMade,
    label: string,
  ): Promise<string> {
    const { operator } = caller;
    const receiver = this.#receiver(operator, caller, "passkey");
    return this.#passkeys.add(operator, made, label, receiver);
  }

  end({ credential, name, from }: Caller): void {
    if (!credential.startsWith("ses-")) return;
    this.#sessions.end(credential);
    this.#say("an operator signed out", { name, credential, from });
  }

  /** Since the start, and how many are signed in. */
  report() {
    return { open: this.#sessions.count(), ...this.#counts.report() };
  }

  /** Whose a credential becomes, if the caller still may give it to them. */
  #receiver(
    operator: string,
    caller: Caller,
    of: "passkey" | "password",
  ): () => Operator {
    return () => {
      const by = this.again(caller);
      if (by === undefined) {
        throw new SignInRefused("what you came with counts no more");
      }
      return this.#ports.staff.receiver(operator, by, of);
    };
  }

  #calling(session: Session, from: string): Caller | undefined {
    const { operators, clock } = this.#ports;
    const { id, operator, begunWith } = session;
    const now = clock.now();
    if (begunWith !== null) {
      const credential = operators.credential(begunWith);
      if (credential === undefined || !isGood(credential, now))
        return undefined;
    }
    const found = operators.byId(operator);
    if (found?.disabledAt !== null) return undefined;
    const steppedUpUntil = from === SOCKET ? now + STEP_UP_MS : null;
    return this.steppedUp(
      callerOf(found, { credential: id, from, steppedUpUntil }),
    );
  }

  #begin(
    { operator, credential }: { operator: Operator; credential: string | null },
    way: Session["way"],
    place: string,
    isFresh = true,
  ): SignedIn {
    const { id, name } = operator;
    const beginning: Beginning = {
      ...{ operator: id, way, begunWith: credential, place },
    };
    const { secret, session } = this.#sessions.begin(beginning);
    // Who they are was shown just now, unless the issuer remembered them.
    if (isFresh) this.#stepUps.grant(session.id);
    const caller = this.#calling(session, place);
    if (caller === undefined) throw new SignInRefused(NOT_YOU);
    this.#counts.signedIn(way);
    const { id: sessionId } = session;
    this.#say("an operator signed in", {
      name,
      way,
      from: place,
      session: sessionId,
    });
    return { secret, session, caller };
  }

  #atIssuer(): ByIssuer {
    if (this.#byIssuer !== undefined) return this.#byIssuer;
    throw new WayUnusable(
      "nobody signs in here at an issuer: cloud.json has no login.oidc",
    );
  }

  #say(what: string, fields: Readonly<Record<string, unknown>>): void {
    this.#ports.log.info(what, fields);
  }
}

const NOT_YOU = "that does not prove that it is you";
