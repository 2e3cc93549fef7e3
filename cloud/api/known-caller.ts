import type { Context } from "hono";
import type { Caller } from "../operators/caller.js";
import type { Operators } from "../operators/operators.js";
import { cookieIn, jarOf } from "../sign-in/cookies.js";
import {
  isOtherSite,
  isOwnSite,
  isTakenFromOtherSite,
  type Asking,
} from "../sign-in/own-site.js";
import type { SignIn } from "../sign-in/sign-in.js";
import { problem } from "./problem.js";
import { bearerIn } from "./requests.js";
import type { Env } from "./table/env.js";

/** What a request brings along to show whose it is: its headers. */
export interface Shown {
  readonly authorization: string | undefined;
  readonly cookie: string | undefined;
  /** A page asks by itself, in front of which nobody may be. */
  readonly isUnattended: boolean;
}

interface Ports {
  readonly operators: Pick<Operators, "byToken">;
  readonly signIn: Pick<SignIn, "bySession" | "steppedUp">;
  readonly publicUrl: () => string;
}

/**
 * Who asks, by a bearer token, or else by the cookie of a session; undefined:
 * nobody who is known.
 * @param from the address that it comes from, or "socket"
 */
export function callerBy(
  { authorization, cookie, isUnattended }: Shown,
  from: string,
  { operators, signIn, publicUrl }: Ports,
): Caller | undefined {
  if (authorization !== undefined) {
    const caller = operators.byToken(bearerIn(authorization), from);
    return caller && signIn.steppedUp(caller);
  }
  const secret = cookieIn(cookie, jarOf(publicUrl()).session);
  if (secret === undefined) return undefined;
  return signIn.bySession(secret, from, !isUnattended);
}

/** Whether a browser sent it along by itself: a page may have made it. */
export const isByCookie = ({ credential }: Caller): boolean =>
  credential.startsWith("ses-");

/** @throws ApiProblem when a page of another site had a browser ask by cookie */
export function mustBeOwnSite(
  c: Context<Env>,
  caller: Caller,
  publicUrl: string,
): void {
  if (isByCookie(caller) && !isOwnSite(asking(c), publicUrl)) throw otherSite();
}

/** @throws ApiProblem when a page of another site had a browser sign somebody in */
export function mustNotBeOtherSite(c: Context<Env>, publicUrl: string): void {
  if (isOtherSite(asking(c), publicUrl)) throw otherSite();
}

/** @throws ApiProblem when a page of another site sent a browser to sign in */
export function mustNotBeTakenFromOtherSite(
  c: Context<Env>,
  publicUrl: string,
): void {
  if (isTakenFromOtherSite(asking(c), publicUrl)) throw otherSite();
}

const asking = (c: Context<Env>): Asking => ({
  fetchSite: c.req.header("sec-fetch-site"),
  origin: c.req.header("origin"),
});

export const otherSite = () =>
  problem(403, "other-site", {
    ...{ field: "origin", value: undefined },
    message: "a page of another site asks, and not one of this cloud's own",
  });
