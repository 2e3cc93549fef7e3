import type * as v from "valibot";
import type {
  CallerOut,
  CredentialOut,
  OperatorOut,
} from "../api/routes/operator-shapes.js";
import type { TokenOut } from "../api/routes/credentials.js";
import type { ActuatorLimits } from "../journal/operator-events.js";
import type { Client } from "./client.js";
import { allOf, textOf, type Query } from "./pages.js";

export type OperatorItem = v.InferOutput<typeof OperatorOut>;
export type CredentialItem = v.InferOutput<typeof CredentialOut>;
export type Myself = v.InferOutput<typeof CallerOut>;
export type ShownToken = v.InferOutput<typeof TokenOut>;

/** What an operator may do; undefined is left as it is, or to the cloud. */
interface GrantOrder {
  readonly role?: string | undefined;
  /** Null: everybody's hosts. */
  readonly org?: string | null | undefined;
  readonly limits?: ActuatorLimits | undefined;
  readonly collection?: string | undefined;
}

interface ChangeOrder extends GrantOrder {
  readonly disabled?: boolean;
  readonly reason: string | undefined;
}

export interface TokenOrder {
  readonly label: string | undefined;
  readonly expiresIn: string;
  readonly role: string | undefined;
}

export const whoAmI = async (client: Client): Promise<Myself> =>
  client.ask("GET", "/me");

export const operatorsOf = async (
  client: Client,
  query: Query,
): Promise<readonly OperatorItem[]> => allOf(client, "/operators", query);

export const addOperator = async (
  client: Client,
  order: GrantOrder & { readonly name: string },
): Promise<OperatorItem> => client.ask("POST", "/operators", order);

export const changeOperator = async (
  client: Client,
  called: string,
  order: ChangeOrder,
): Promise<OperatorItem> => client.ask("PATCH", at(called), order);

export const credentialsOf = async (
  client: Client,
  called: string,
): Promise<readonly CredentialItem[]> =>
  allOf(client, `${at(called)}/credentials`);

export const makeOperatorToken = async (
  client: Client,
  called: string,
  order: TokenOrder,
): Promise<ShownToken> => client.ask("POST", `${at(called)}/tokens`, order);

export const revokeCredential = async (
  client: Client,
  id: string,
  reason: string,
): Promise<CredentialItem> => {
  const path = `/credentials/${encodeURIComponent(id)}`;
  return client.ask("DELETE", path + textOf({ reason }));
};

const at = (called: string): string =>
  `/operators/${encodeURIComponent(called)}`;
