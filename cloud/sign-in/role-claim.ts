import type { Role } from "../journal/operator-events.js";
import type { OidcSettings } from "./login-settings.js";

/** What an issuer says of somebody. */
export type Claims = Readonly<Record<string, unknown>>;

export interface Granted {
  readonly role: Role;
  readonly org: string | null;
}

/** What somebody may do by their claims; undefined: nothing at all. */
export function grantedBy(
  claims: Claims,
  { claim, roles }: Pick<OidcSettings, "claim" | "roles">,
): Granted | undefined {
  const values = textsIn(claimOf(claims, claim));
  return roles.find(({ value }) => values.includes(value));
}

/** What somebody is called by their claims. */
export function nameIn(claims: Claims, nameClaim: string): string | undefined {
  const [name] = textsIn(claimOf(claims, nameClaim));
  return name === undefined || name === "" ? undefined : name;
}

/** A claim by its name, or within others: `realm_access.roles`. */
export function claimOf(claims: Claims, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name];
  return name.split(".").reduce<unknown>((within, key) => {
    const isObject = typeof within === "object" && within !== null;
    if (!isObject || !Object.hasOwn(within, key)) return undefined;
    return (within as Claims)[key];
  }, claims);
}

function textsIn(value: unknown): readonly string[] {
  const all: readonly unknown[] = Array.isArray(value) ? value : [value];
  return all.filter((each) => typeof each === "string");
}
