import type { Clock } from "../../agent/runtime/clock.js";
import type { Credential, Operator } from "../operators/operator.js";
import { isGood, type Operators } from "../operators/operators.js";
import { includes } from "../operators/roles.js";

export interface OthersPorts {
  readonly operators: Pick<Operators, "operator" | "list" | "credentials">;
  readonly clock: Pick<Clock, "now">;
}

/** Who could be the second person. */
export class Others {
  readonly #ports: OthersPorts;

  constructor(ports: OthersPorts) {
    this.#ports = ports;
  }

  /** Whether two accounts are one person, as far as the cloud can know. */
  isSame(one: string, other: string): boolean {
    if (one === other) return true;
    const [a, b] = [one, other].map(
      (id) => this.#ports.operators.operator(id)?.subject ?? undefined,
    );
    if (a === undefined || b === undefined) return false;
    return a.issuer === b.issuer && a.subject === b.subject;
  }

  /**
   * How many may release what an operator proposed, and could sign in now.
   * @param ownOrg of an order about one org's feed alone: its approvers count, too
   */
  count(operator: string, ownOrg: string | null): number {
    return this.approvers(ownOrg).filter(({ id }) => !this.isSame(id, operator))
      .length;
  }

  /** Who may release, of the vendor and of the org, and could sign in now. */
  approvers(ownOrg: string | null): readonly Operator[] {
    return this.#ports.operators
      .list()
      .filter(({ org }) => org === null || org === ownOrg)
      .filter((each) => this.#couldApprove(each));
  }

  #couldApprove({ id, role, subject, disabledAt }: Operator): boolean {
    if (disabledAt !== null || !includes(role, "approver")) return false;
    if (subject !== null) return true;
    const now = this.#ports.clock.now();
    const isEnough = (credential: Credential) =>
      isGood(credential, now) &&
      (credential.role === null || includes(credential.role, "approver"));
    return this.#ports.operators.credentials(id).some(isEnough);
  }
}
