import { isIP } from "node:net";
import type { LoginSettings } from "./login-settings.js";

/** By which ways people may sign in, as far as strangers may know. */
export interface WaysIn {
  readonly password: boolean;
  readonly passkey: boolean;
  /** The issuer's host, without its path; null: nobody signs in at one. */
  readonly oidc: { readonly issuer: string } | null;
}

/** What a page that signs people in has to offer, and nothing of who has what. */
export const waysIn = (
  { oidc }: Pick<LoginSettings, "oidc">,
  publicUrl: string,
): WaysIn => ({
  password: true,
  passkey: takesPasskeys(new URL(publicUrl)),
  oidc: oidc === undefined ? null : { issuer: new URL(oidc.issuer).host },
});

/** Browsers make passkeys for names alone, and over TLS but for this machine. */
function takesPasskeys({ protocol, hostname }: URL): boolean {
  // A URL writes an IPv6 address in brackets.
  if (isIP(hostname) !== 0 || hostname.startsWith("[")) return false;
  const isHere = hostname === "localhost" || hostname.endsWith(".localhost");
  return protocol === "https:" || isHere;
}
