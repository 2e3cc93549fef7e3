import type { Clock } from "../../agent/runtime/clock.js";
import { networkOf } from "../door/networks.js";
import { newId } from "../ids.js";
import type { Database, Statement } from "../journal/database.js";
import type { Decisions } from "../journal/decisions.js";
import type {
  CredentialAdded,
  CredentialRevoked,
} from "../journal/operator-events.js";
import { lookThenAppend } from "../journal/look-then-append.js";
import type { Credential, Operator } from "../operators/operator.js";
import { isGood, type Operators } from "../operators/operators.js";
import { calledOf } from "../operators/operators.projection.js";
import { LONGEST_PASSWORD, SHORTEST_PASSWORD } from "./budgets.js";
import { BadChoice, SignInRefused } from "./failures.js";
import type { Hashing } from "./hashing.js";
import type { Tries } from "./tries.js";

export interface PasswordPorts {
  readonly clock: Pick<Clock, "now">;
  readonly accounts: Database;
  readonly operators: Pick<
    Operators,
    "byId" | "named" | "credentials" | "credential"
  >;
  readonly decisions: Pick<Decisions, "level" | "append" | "catchUp">;
  readonly hashing: Hashing;
  readonly tries: Tries;
}

/** Somebody who proved who they are, and by what. */
export interface Proved {
  readonly operator: Operator;
  readonly credential: string;
}

/**
 * Passwords of local accounts. That there is one is a decision in the record; its
 * hash is kept in `accounts.db` under the credential's id, and counts for as long
 * as that credential does.
 */
export class Passwords {
  readonly #ports: PasswordPorts;
  readonly #hash: Statement<string>;
  readonly #keep: Statement<never>;
  readonly #forget: Statement<never>;
  readonly #all: Statement<string>;

  constructor(ports: PasswordPorts) {
    const { accounts } = ports;
    this.#ports = ports;
    this.#hash = accounts
      .prepare<unknown[], string>(
        "SELECT hash FROM passwords WHERE credential = ?",
      )
      .pluck();
    this.#keep = accounts.prepare("INSERT INTO passwords VALUES (?, ?)");
    this.#forget = accounts.prepare(
      "DELETE FROM passwords WHERE credential = ?",
    );
    this.#all = accounts
      .prepare<unknown[], string>("SELECT credential FROM passwords")
      .pluck();
    this.#forgetRevoked();
  }

  /**
   * Who has this name and password. What is wrong is not told, nor by how long it
   * takes.
   * @throws SignInRefused, TryLater
   */
  async prove(name: string, password: string, from: string): Promise<Proved> {
    const { operators, hashing, tries } = this.#ports;
    const called = calledOf(name.slice(0, MOST_NAME));
    const [named] = operators.named(called);
    const operator = named?.disabledAt === null ? named : undefined;
    tries.take({ operator: operator?.id, called, from });
    const credential = operator && this.#standing(operator.id);
    const kept = credential && this.#hash.get(credential.id);
    const text = password.slice(0, LONGEST_PASSWORD + 1);
    const isRight = await hashing.matches(text, kept, networkOf(from));
    // Looked at again: half a second is long enough to be sent away in.
    if (!isRight || !operator || !credential || !this.#counts(credential.id)) {
      throw new SignInRefused("the name or the password is wrong");
    }
    tries.succeeded(operator.id, from);
    return { operator, credential: credential.id };
  }

  /** Whether an operator has one. */
  has(operator: string): boolean {
    return this.#standing(operator) !== undefined;
  }

  /**
   * Sets an operator's password; an earlier one is good for nothing from then on.
   * @param by whose name the record has
   * @param receiver whose it may be, as things stand when it is written down:
   * hashing takes long
   * @returns the credential's id
   * @throws BadChoice, TryLater, and what `receiver` throws
   */
  async set(
    operator: string,
    password: string,
    by: string,
    receiver: () => Operator,
  ): Promise<string> {
    mustDo(password);
    const { hashing, decisions, operators } = this.#ports;
    const hash = await hashing.hash(password, operator);
    const credential = newId("pwd");
    // First: a credential in the record without its hash would let nobody in.
    this.#keep.run(credential, hash);
    try {
      await lookThenAppend(decisions, () => {
        const { id: whose } = receiver();
        const all = operators.credentials(whose).filter(isPassword);
        const added = addedBy(by, whose, credential);
        const revoked = all.map(({ id }) => replacedBy(by, id));
        return { events: [...revoked, added], answer: undefined };
      });
    } catch (error) {
      this.#forget.run(credential);
      throw error;
    }
    return credential;
  }

  /** Of a credential that is revoked, nothing is kept. */
  forget(credential: string): void {
    this.#forget.run(credential);
  }

  #standing(operator: string): Credential | undefined {
    const now = this.#ports.clock.now();
    return this.#ports.operators
      .credentials(operator)
      .find((each) => each.of === "password" && isGood(each, now));
  }

  #counts(id: string): boolean {
    const { operators, clock } = this.#ports;
    const credential = operators.credential(id);
    if (credential === undefined || !isGood(credential, clock.now())) {
      return false;
    }
    return operators.byId(credential.operator)?.disabledAt === null;
  }

  /** Of what was revoked, or never came into the record, nothing is kept. */
  #forgetRevoked(): void {
    for (const id of this.#all.all()) {
      const credential = this.#ports.operators.credential(id);
      const isKept = credential !== undefined && credential.revokedAt === null;
      if (!isKept) this.#forget.run(id);
    }
  }
}

const isPassword = ({ of, revokedAt }: Credential): boolean =>
  of === "password" && revokedAt === null;

const replacedBy = (by: string, credential: string): CredentialRevoked => ({
  ...{ kind: "credential-revoked", credential, by },
  reason: "another password was set",
});

const addedBy = (
  by: string,
  operator: string,
  credential: string,
): CredentialAdded => ({
  ...{ kind: "credential-added", operator, credential, of: "password" },
  ...{ label: "password", expiresAt: null, by },
});

/** Characters of a name that are looked at: none is longer. */
const MOST_NAME = 256;

/** @throws BadChoice */
function mustDo(password: string): void {
  const length = Array.from(password).length;
  if (length < SHORTEST_PASSWORD) {
    throw new BadChoice(
      "password",
      `a password has at least ${SHORTEST_PASSWORD} characters, and this one ${length}`,
    );
  }
  if (length > LONGEST_PASSWORD) {
    throw new BadChoice(
      "password",
      `a password has at most ${LONGEST_PASSWORD} characters, and this one ${length}`,
    );
  }
  if (new Set(password).size < FEWEST_DIFFERENT) {
    throw new BadChoice(
      "password",
      `a password has at least ${FEWEST_DIFFERENT} different characters`,
    );
  }
}

const FEWEST_DIFFERENT = 5;
