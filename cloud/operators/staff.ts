import type { FeedName } from "../../agent/model/position.js";
import { hashOf, newId, newSecret } from "../ids.js";
import type { Decisions, Looked } from "../journal/decisions.js";
import { lookThenAppend } from "../journal/look-then-append.js";
import type { OperatorEvent } from "../journal/operator-events.js";
import { MOST_CREDENTIALS, MOST_OPERATORS } from "./budgets.js";
import type { Caller } from "./caller.js";
import { mustBeGrantable, type Grant } from "./grant.js";
import { isOperatorName, NAME_WORDS } from "./names.js";
import type { Credential, Operator } from "./operator.js";
import { isGood, type Operators } from "./operators.js";
import { StaffRefused } from "./refused.js";
import { includes, type Role } from "./roles.js";
import { mustLeaveAWayIn, type WayInPorts } from "./way-in.js";

export interface StaffPorts extends WayInPorts {
  readonly decisions: Pick<Decisions, "level" | "append" | "catchUp">;
  readonly operators: Operators;
  hasOrg(org: string): boolean;
  hasFeed(feed: FeedName): boolean;
}

/** Somebody who is to work with the cloud. */
export interface Joining extends Omit<Grant, "org"> {
  readonly name: string;
  /** Undefined: that of who adds them. */
  readonly org: string | null | undefined;
}

/** What is to be otherwise; undefined stays as it is. */
export interface Changing {
  readonly role?: Role | undefined;
  readonly org?: string | null | undefined;
  readonly limits?: Grant["limits"] | undefined;
  readonly collection?: Grant["collection"] | undefined;
  readonly disabled?: boolean | undefined;
  readonly reason?: string | undefined;
}

export interface TokenTerms {
  readonly label: string;
  readonly expiresAt: number;
  /** Undefined: all that its operator may. */
  readonly role?: Role | undefined;
}

/** A token as it is shown once. */
export interface MadeToken {
  readonly credential: Credential;
  readonly secret: string;
}

/**
 * Changes who may work with the cloud. Whoever asks has to be an admin over who is
 * changed, and sees nobody beyond the own org; tokens everybody has of their own.
 * All of it throws StaffRefused.
 */
export class Staff {
  readonly #ports: StaffPorts;

  constructor(ports: StaffPorts) {
    this.#ports = ports;
  }

  async add(joining: Joining, by: Caller): Promise<Operator> {
    const { operators } = this.#ports;
    const { name, role, limits, collection } = joining;
    const org = joining.org === undefined ? by.org : joining.org;
    mustBeAdmin(by);
    mustBeName(name);
    const operator = newId("opr");
    await this.#append(() => {
      mustBeGrantable({ role, org, limits, collection }, by, this.#ports);
      this.#mustBeFree(name);
      if (operators.count() >= MOST_OPERATORS) {
        const message = `there are ${MOST_OPERATORS} operators, which is all there is room for`;
        throw new StaffRefused("full", "name", name, message);
      }
      const joined: OperatorEvent = {
        ...{ kind: "operator-joined", operator, name, role, org, by: by.name },
        ...(limits && { limits }),
        ...(collection && { collection }),
      };
      return { events: [joined], answer: undefined };
    });
    return this.#known(operator);
  }

  async change(
    called: string,
    changing: Changing,
    by: Caller,
  ): Promise<Operator> {
    mustBeAdmin(by);
    const id = await this.#append(() => {
      const operator = this.visible(called, by);
      const event = this.#changed(operator, changing, by);
      const events = event === undefined ? [] : [event];
      return { events, answer: operator.id };
    });
    return this.#known(id);
  }

  async makeToken(
    called: string,
    terms: TokenTerms,
    by: Caller,
  ): Promise<MadeToken> {
    const secret = newSecret();
    const credential = newId("tok");
    await this.#append(() => {
      const operator = this.#governed(called, by);
      const role = roleOfToken(operator, terms.role, by);
      this.#mustHaveRoom(operator);
      const { label, expiresAt } = terms;
      const added: OperatorEvent = {
        ...{ kind: "credential-added", operator: operator.id, credential },
        ...{ of: "token", label, tokenHash: hashOf(secret), expiresAt },
        ...(role && { role }),
        by: by.name,
      };
      return { events: [added], answer: undefined };
    });
    return { credential: this.#knownCredential(credential), secret };
  }

  /** Counts at once: who calls is looked up with each request. */
  async revoke(id: string, reason: string, by: Caller): Promise<Credential> {
    const { operators } = this.#ports;
    await this.#append(() => {
      const credential = operators.credential(id);
      const whose = credential && operators.byId(credential.operator);
      if (!credential || !whose || !isVisible(whose, by)) {
        const message = `there is no credential ${id}`;
        throw new StaffRefused("unknown", "credential", id, message);
      }
      if (!isGovernedBy(whose, by)) mustBeAdmin(by);
      if (credential.revokedAt !== null) {
        return { events: [], answer: undefined };
      }
      mustLeaveAWayIn(this.#ports, whose, credential);
      const revoked: OperatorEvent = {
        ...{ kind: "credential-revoked", credential: id, by: by.name },
        ...(reason !== "" && { reason }),
      };
      return { events: [revoked], answer: undefined };
    });
    return this.#knownCredential(id);
  }

  /** By id or name, if there is one for the caller; one that is enabled comes first. */
  visible(called: string, by: Pick<Caller, "org">): Operator {
    const { operators } = this.#ports;
    const byId = operators.byId(called);
    const named = byId ? [byId] : operators.named(called);
    const theirs = named.filter((each) => isVisible(each, by));
    const [found, ...others] = theirs;
    if (found === undefined) {
      const message = `there is no operator ${called}`;
      throw new StaffRefused("unknown", "operator", called, message);
    }
    if (found.disabledAt === null || others.length === 0) return found;
    const ids = theirs.slice(0, 8).map(({ id }) => id);
    throw new StaffRefused(
      ...(["ambiguous", "operator", called] as const),
      `${theirs.length} operators who are disabled were called ${called}: name one by its id: ${ids.join(", ")}`,
    );
  }

  /**
   * Whose passkey or password something may become: one's own, or as an admin. It
   * lets its operator do all that they may: nobody gets one of their own by a
   * credential that may do less. For whoever adds it, within the same look as what
   * they append.
   */
  receiver(called: string, by: Caller, of: "passkey" | "password"): Operator {
    const operator = this.#governed(called, by);
    mustBeWhole(operator, by);
    this.#mustHaveRoom(operator, of);
    return operator;
  }

  /** Another password takes the place of the one before. */
  #mustHaveRoom(
    { id, name, disabledAt }: Operator,
    added: Credential["of"] = "token",
  ): void {
    if (disabledAt !== null) {
      const message = `${name} is disabled: enable them first`;
      throw new StaffRefused("disabled", "operator", name, message);
    }
    const now = this.#ports.clock.now();
    const good = this.#ports.operators
      .credentials(id)
      .filter((each) => isGood(each, now))
      .filter(({ of }) => of !== "password" || added !== "password");
    if (good.length < MOST_CREDENTIALS) return;
    const message = `${name} has ${MOST_CREDENTIALS} credentials: revoke one first`;
    throw new StaffRefused("full", "operator", name, message);
  }

  #changed(
    operator: Operator,
    changing: Changing,
    by: Caller,
  ): OperatorEvent | undefined {
    const wasDisabled = operator.disabledAt !== null;
    const { reason, disabled = wasDisabled } = changing;
    const next = grantAfter(operator, changing);
    const isSame = JSON.stringify(next) === JSON.stringify(grantOf(operator));
    if (isSame && disabled === wasDisabled) return undefined;
    if (!isSame) mustBeGrantable(next, by, this.#ports);
    if (wasDisabled && !disabled) this.#mustBeFree(operator.name);
    if (disabled || next.role !== "admin" || next.org !== null) {
      mustLeaveAWayIn(this.#ports, operator);
    }
    return {
      ...{ kind: "operator-changed", operator: operator.id, by: by.name },
      ...differing(operator, next),
      ...(disabled !== wasDisabled && { disabled }),
      ...(reason && { reason }),
    };
  }

  /** Of oneself, or as an admin. */
  #governed(called: string, by: Caller): Operator {
    const operator = this.visible(called, by);
    if (!isGovernedBy(operator, by)) mustBeAdmin(by);
    return operator;
  }

  #mustBeFree(name: string): void {
    const [other] = this.#ports.operators.named(name);
    if (other?.disabledAt !== null) return;
    const message = `there is an operator ${name} already`;
    throw new StaffRefused("exists", "name", name, message);
  }

  #append<T>(look: () => Looked<T>): Promise<T> {
    return lookThenAppend(this.#ports.decisions, look);
  }

  #known(id: string): Operator {
    const operator = this.#ports.operators.byId(id);
    if (operator === undefined) throw new Error(`${id} is not folded`);
    return operator;
  }

  #knownCredential(id: string): Credential {
    const credential = this.#ports.operators.credential(id);
    if (credential === undefined) throw new Error(`${id} is not folded`);
    return credential;
  }
}

const isVisible = ({ org }: Operator, by: Pick<Caller, "org">): boolean =>
  by.org === null || by.org === org;

const isGovernedBy = ({ id }: Operator, by: Caller): boolean =>
  by.operator === id || includes(by.role, "admin");

function mustBeAdmin({ name, role }: Caller): void {
  if (includes(role, "admin")) return;
  const message = `this is for admins, and ${name} is ${role}`;
  throw new StaffRefused("not-allowed", "role", undefined, message);
}

/** Of oneself, by all that one may. */
function mustBeWhole({ id, name, role }: Operator, by: Caller): void {
  if (by.operator !== id || by.role === role) return;
  throw new StaffRefused(
    ...(["not-allowed", "role", undefined] as const),
    `${name} is ${role}, and asks with what is only ${by.role}'s: use what may do as much`,
  );
}

function mustBeName(name: string): void {
  if (isOperatorName(name)) return;
  throw new StaffRefused("invalid", "name", name, `name: ${NAME_WORDS}`);
}

const grantOf = ({ role, org, limits, collection }: Grant): Grant => ({
  ...{ role, org, limits, collection },
});

/** What goes with another role falls away with it, unless it is given anew. */
function grantAfter(operator: Operator, changing: Changing): Grant {
  const role = changing.role ?? operator.role;
  const stays = role === operator.role;
  return {
    role,
    org: changing.org === undefined ? operator.org : changing.org,
    limits: changing.limits ?? (stays ? operator.limits : null),
    collection: changing.collection ?? (stays ? operator.collection : null),
  };
}

/** What a change has to say of a grant. */
const differing = (operator: Grant, next: Grant) => ({
  ...(next.role !== operator.role && { role: next.role }),
  ...(next.org !== operator.org && { org: next.org }),
  ...(next.limits &&
    next.limits !== operator.limits && { limits: next.limits }),
  ...(next.collection &&
    next.collection !== operator.collection && { collection: next.collection }),
});

/** Undefined: what its operator may, now and later. */
function roleOfToken(
  operator: Operator,
  asked: Role | undefined,
  by: Caller,
): Role | undefined {
  const isOwn = by.operator === operator.id;
  const most = isOwn ? by.role : operator.role;
  const role = asked ?? most;
  const isOfPeople = role !== "partner" && role !== "actuator";
  if (role === most && role === operator.role) return undefined;
  if (includes(most, role) && isOfPeople) return role;
  throw new StaffRefused(
    ...(["not-allowed", "role", role] as const),
    `a token of ${operator.name}, who asks as ${most}, can't be ${role}'s`,
  );
}
