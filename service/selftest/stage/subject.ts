import type { Cidr } from "../../../agent/model/cidr.js";

/** What is tested: a tool that bans on the host whose namespace this is. */
export interface Subject {
  readonly name: string;
  /** Makes ready to ban at once; not measured. */
  ready(): Promise<void>;
  /** From the moment the decision has reached the host. */
  ban(addresses: readonly Cidr[]): Promise<void>;
  lift(addresses: readonly Cidr[]): Promise<void>;
}
