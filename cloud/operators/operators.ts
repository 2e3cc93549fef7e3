import type { Clock } from "../../agent/runtime/clock.js";
import { hashOf, sameHash } from "../ids.js";
import type { Statement } from "../journal/database.js";
import type {
  ActuatorLimits,
  Passkey,
  Subject,
} from "../journal/operator-events.js";
import type { Views } from "../journal/view.js";
import { MOST_LISTED } from "./budgets.js";
import { callerOf, SOCKET, type Caller } from "./caller.js";
import type { Credential, Operator } from "./operator.js";
import { calledOf } from "./operators.projection.js";

/** How long who proved anew who they are may do what is dangerous. */
export const STEP_UP_MS = 10 * 60 * 1000;

/** Who may work with the cloud: answers from the read models, changes nothing. */
export class Operators {
  readonly #clock: Pick<Clock, "now">;
  readonly #byId: Statement<OperatorRow>;
  readonly #byName: Statement<OperatorRow>;
  readonly #bySubject: Statement<OperatorRow>;
  readonly #all: Statement<OperatorRow>;
  readonly #admins: Statement<OperatorRow>;
  readonly #count: Statement<number>;
  readonly #credential: Statement<CredentialRow>;
  readonly #credentials: Statement<CredentialRow>;
  readonly #byToken: Statement<{ readonly id: string; readonly hash: string }>;
  readonly #byPasskey: Statement<CredentialRow>;

  constructor(
    { decided }: Pick<Views, "decided">,
    { clock }: { readonly clock: Pick<Clock, "now"> },
  ) {
    this.#clock = clock;
    const operators = (rest: string): Statement<OperatorRow> =>
      decided.prepare(`${OPERATORS} ${rest}`);
    const credentials = (rest: string): Statement<CredentialRow> =>
      decided.prepare(`SELECT ${CREDENTIAL} FROM credentials ${rest}`);
    this.#byId = operators("WHERE id = ?");
    this.#byName = operators(
      "WHERE called = ? ORDER BY disabled_at IS NOT NULL, added_at, id",
    );
    this.#bySubject = operators(
      "WHERE issuer = ? AND subject = ? ORDER BY disabled_at IS NOT NULL, added_at, id",
    );
    this.#all = operators(
      "WHERE @org IS NULL OR org = @org ORDER BY added_at, id",
    );
    this.#admins = operators(
      "WHERE role = 'admin' AND org IS NULL AND disabled_at IS NULL",
    );
    this.#count = decided
      .prepare<unknown[], number>("SELECT count(*) FROM operators")
      .pluck();
    this.#credential = credentials("WHERE id = ?");
    this.#credentials = credentials(
      `WHERE operator = @operator
       ORDER BY revoked_at IS NOT NULL OR ifnull(expires_at <= @now, 0),
         added_at DESC, id
       LIMIT ${MOST_LISTED}`,
    );
    this.#byPasskey = credentials(
      "WHERE passkey_id = ? AND revoked_at IS NULL",
    );
    this.#byToken = decided.prepare(
      "SELECT id, token_hash AS hash FROM credentials WHERE token_hash = ?",
    );
  }

  /**
   * Whose bearer token this is: undefined also where it is revoked or expired, or
   * its operator disabled.
   * @param from the address that it came from, or "socket"
   */
  byToken(bearer: string, from: string): Caller | undefined {
    const hash = hashOf(bearer);
    const made = this.#byToken.get(hash);
    if (made === undefined || !sameHash(made.hash, hash)) return undefined;
    const token = this.credential(made.id);
    return token && this.#calling(token, from);
  }

  /**
   * The same caller as things stand now, for who came by a token and stays longer
   * than one request.
   */
  again({ credential, from }: Caller): Caller | undefined {
    const token = this.credential(credential);
    return token && this.#calling(token, from);
  }

  byId(id: string): Operator | undefined {
    return found(this.#byId.get(id));
  }

  /** By id, or by the name of one that is not disabled. */
  operator(idOrName: string): Operator | undefined {
    const [named] = this.named(idOrName);
    const enabled = named?.disabledAt === null ? named : undefined;
    return this.byId(idOrName) ?? enabled;
  }

  /** All that ever had the name; the one that has it now comes first. */
  named(name: string): readonly Operator[] {
    return this.#byName.all(calledOf(name)).map(operatorOf);
  }

  /** In the order in which they came; of one org, or all. */
  list(org: string | null = null): readonly Operator[] {
    return this.#all.all({ org }).map(operatorOf);
  }

  /** Those of the vendor who may let people in, and are not disabled. */
  admins(): readonly Operator[] {
    return this.#admins.all().map(operatorOf);
  }

  /** All that there ever were. */
  count(): number {
    return this.#count.get() ?? 0;
  }

  /** All that a person of an issuer ever was; who they are now comes first. */
  bySubject(issuer: string, subject: string): readonly Operator[] {
    return this.#bySubject.all(issuer, subject).map(operatorOf);
  }

  credential(id: string): Credential | undefined {
    const row = this.#credential.get(id);
    return row && credentialOf(row);
  }

  /** Those that still count first, the newest before older ones; bounded. */
  credentials(operator: string): readonly Credential[] {
    const now = this.#clock.now();
    return this.#credentials.all({ operator, now }).map(credentialOf);
  }

  /** One that is neither revoked nor of somebody disabled, by the browser's id. */
  passkey(id: string): Credential | undefined {
    const row = this.#byPasskey.get(id);
    const isUsed = row && this.#enabled(row.operator) !== undefined;
    return isUsed ? credentialOf(row) : undefined;
  }

  #calling(token: Credential, from: string): Caller | undefined {
    const now = this.#clock.now();
    if (!isGood(token, now)) return undefined;
    const operator = this.#enabled(token.operator);
    if (operator === undefined) return undefined;
    const steppedUpUntil = from === SOCKET ? now + STEP_UP_MS : null;
    const { id: credential, role } = token;
    return callerOf(operator, { credential, from, steppedUpUntil, role });
  }

  #enabled(id: string): Operator | undefined {
    const operator = this.byId(id);
    return operator?.disabledAt === null ? operator : undefined;
  }
}

/** Whether a credential still counts. */
export const isGood = (
  { revokedAt, expiresAt }: Credential,
  now: number,
): boolean => revokedAt === null && (expiresAt ?? Infinity) > now;

const OPERATORS = `
  SELECT id, name, role, org, limits, collection, issuer, subject,
    added_at AS addedAt, added_by AS addedBy, disabled_at AS disabledAt
  FROM operators`;

const CREDENTIAL = `
  id, operator, kind AS "of", label, role, passkey, added_at AS addedAt,
  added_by AS addedBy, expires_at AS expiresAt, revoked_at AS revokedAt,
  revoked_by AS revokedBy, revoked_why AS revokedWhy`;

type OperatorRow = Omit<Operator, "limits" | "subject"> & {
  readonly limits: string | null;
  readonly issuer: string | null;
  readonly subject: string | null;
};

type CredentialRow = Omit<Credential, "passkey"> & {
  readonly passkey: string | null;
};

const found = (row: OperatorRow | undefined): Operator | undefined =>
  row && operatorOf(row);

function operatorOf(row: OperatorRow): Operator {
  const { issuer, subject, limits, collection, ...rest } = row;
  const isMachine = rest.role === "actuator";
  return {
    ...rest,
    limits: isMachine ? (parsed(limits) as ActuatorLimits | null) : null,
    collection: rest.role === "partner" ? collection : null,
    subject: subjectOf(issuer, subject),
  };
}

const subjectOf = (
  issuer: string | null,
  subject: string | null,
): Subject | null =>
  issuer === null || subject === null ? null : { issuer, subject };

const credentialOf = ({ passkey, ...rest }: CredentialRow): Credential => ({
  ...rest,
  passkey: parsed(passkey) as Passkey | null,
});

/** What the fold wrote as JSON. */
const parsed = (text: string | null): unknown =>
  text === null ? null : JSON.parse(text);
