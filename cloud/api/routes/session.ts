import {
  cookieCleared,
  cookieIn,
  cookieSet,
  jarOf,
} from "../../sign-in/cookies.js";
import { MOST_BODY_BYTES, UNDER_WAY_MS } from "../../sign-in/budgets.js";
import type { SignedIn } from "../../sign-in/sign-in.js";
import type { Caller } from "../../operators/caller.js";
import {
  isByCookie,
  mustNotBeOtherSite,
  mustNotBeTakenFromOtherSite,
} from "../known-caller.js";
import type { OperatorApiPorts } from "../ports.js";
import { problem } from "../problem.js";
import { AnyJson } from "../table/answer.js";
import { answer, openRoute, route, type Route } from "../table/route.js";
import { asMade, asShown } from "./passkey-json.js";
import {
  Added,
  IssuerAnswer,
  IssuerQuery,
  NewPasskey,
  PasswordSignIn,
  SessionShape,
  Shown,
  SteppedUp,
  StepUp,
  WaysShape,
} from "./session-shapes.js";

type Ports = Pick<
  OperatorApiPorts,
  "signIn" | "staff" | "publicUrl" | "waysIn"
>;

/** Signing in and out, and showing anew who one is. */
export const sessionRoutes = (ports: Ports): readonly Route[] => [
  ...signInRoutes(ports),
  ...issuerRoutes(ports),
  ...ownRoutes(ports),
  ...stepUpRoutes(ports),
  ...passkeyRoutes(ports),
];

const SIGNED_IN = {
  200: {
    description: "Signed in; the session is in the cookie that is set",
    schema: SessionShape,
  },
} as const;

const SMALL = { mostBodyBytes: MOST_BODY_BYTES, isSecret: true } as const;

function signInRoutes(ports: Ports): readonly Route[] {
  const { signIn, publicUrl } = ports;
  return [
    openRoute({
      ...{ method: "GET", path: "/session/ways", operationId: "listWaysIn" },
      ...{ tag: "People", summary: "By which ways people may sign in here" },
      answers: {
        200: { description: "What to offer who comes", schema: WaysShape },
      },
      handle: () => answer(200, ports.waysIn()),
    }),
    openRoute({
      ...{ method: "POST", path: "/session", operationId: "signIn" },
      ...{ tag: "People", summary: "Signs in with a name and a password" },
      ...{ ...SMALL, body: PasswordSignIn, problems: [401, 403] },
      answers: SIGNED_IN,
      handle: async ({ body, caller, from, context }) => {
        mustNotBeOtherSite(context, publicUrl());
        const signedIn = await signIn.byPassword(body, from);
        return entered(signedIn, caller, ports);
      },
    }),
    openRoute({
      ...{ method: "POST", path: "/session/passkey-options" },
      ...{ operationId: "passkeySignInOptions", tag: "People" },
      summary: "What to ask the browser for a passkey with",
      answers: {
        200: {
          description: "For `navigator.credentials.get()`, as JSON",
          schema: AnyJson,
        },
      },
      handle: async ({ from }) =>
        answer(200, await signIn.passkeyOptions(from)),
    }),
    openRoute({
      ...{ method: "POST", path: "/session/passkey" },
      ...{ operationId: "signInWithPasskey", tag: "People" },
      ...{ summary: "Signs in with a passkey", problems: [401, 403] },
      ...{ ...SMALL, body: Shown, answers: SIGNED_IN },
      handle: async ({ body, caller, from, context }) => {
        mustNotBeOtherSite(context, publicUrl());
        const signedIn = await signIn.byPasskey(asShown(body), from);
        return entered(signedIn, caller, ports);
      },
    }),
  ];
}

function issuerRoutes(ports: Ports): readonly Route[] {
  const { signIn, publicUrl } = ports;
  return [
    openRoute({
      ...{ method: "GET", path: "/session/oidc", operationId: "goToIssuer" },
      ...{ tag: "People", summary: "Sends the browser to the issuer" },
      ...{ query: IssuerQuery, problems: [401, 403, 409] },
      answers: { 302: { description: "To the issuer that cloud.json names" } },
      handle: async ({ query, caller, from, context }) => {
        mustNotBeTakenFromOtherSite(context, publicUrl());
        const { to = null, stepUp } = query;
        const errand = { to, stepUp: stepUp ? sessionOf(caller) : null };
        const { url, browser } = await signIn.toIssuer(errand, from);
        const jar = jarOf(publicUrl());
        const seconds = UNDER_WAY_MS / 1000;
        return answer(302, null, {
          location: url,
          "set-cookie": cookieSet(jar, jar.login, browser, seconds),
        });
      },
    }),
    openRoute({
      ...{ method: "GET", path: "/session/oidc/callback" },
      ...{ operationId: "comeFromIssuer", tag: "People" },
      summary: "Where the issuer sends the browser back to",
      ...{ query: IssuerAnswer, problems: [401, 409] },
      answers: {
        ...SIGNED_IN,
        302: { description: "Likewise, and on to where one wanted to go" },
      },
      handle: async ({ caller, from, context }) => {
        const cookie = context.req.header("cookie");
        const browser = cookieIn(cookie, jarOf(publicUrl()).login);
        const query = new URL(context.req.url).search;
        const came = { query, browser };
        const { signedIn, to } = await signIn.fromIssuer(came, caller, from);
        const { status, body, headers } = signedIn
          ? entered(signedIn, caller, ports)
          : answer(200, shapeOf(refreshed(caller, ports), ports));
        if (to === null) return answer(status, body, headers);
        return answer(302, null, { ...headers, location: to });
      },
    }),
  ];
}

function ownRoutes(ports: Ports): readonly Route[] {
  const { signIn, publicUrl } = ports;
  return [
    route({
      ...{ method: "GET", path: "/session", operationId: "showSession" },
      ...{ tag: "People", summary: "Who one is, and until when" },
      ...{ allows: "partner", scope: "own" },
      answers: {
        200: { description: "By what one came", schema: SessionShape },
      },
      handle: ({ caller }) => answer(200, shapeOf(caller, ports)),
    }),
    route({
      ...{ method: "DELETE", path: "/session", operationId: "signOut" },
      ...{ tag: "People", summary: "Ends the session" },
      ...{ allows: "partner", scope: "own", problems: [409] },
      answers: { 204: { description: "It is over, and its cookie cleared" } },
      handle: ({ caller }) => {
        if (!isByCookie(caller)) throw noSession();
        signIn.end(caller);
        const jar = jarOf(publicUrl());
        return answer(204, null, {
          "set-cookie": cookieCleared(jar, jar.session),
        });
      },
    }),
  ];
}

function stepUpRoutes({ signIn }: Ports): readonly Route[] {
  return [
    route({
      ...{ method: "POST", path: "/session/step-up-options" },
      ...{ operationId: "stepUpOptions", tag: "People" },
      summary: "What to ask the browser for one's own passkey with",
      ...{ allows: "partner", scope: "own" },
      answers: {
        200: {
          description: "For `navigator.credentials.get()`, as JSON",
          schema: AnyJson,
        },
      },
      handle: async ({ caller }) =>
        answer(200, await signIn.passkeyOptionsFor(caller)),
    }),
    route({
      ...{ method: "POST", path: "/session/step-up", operationId: "stepUp" },
      ...{ tag: "People", summary: "Shows anew who one is" },
      description:
        "The session or token that asks may then do what is dangerous, for ten minutes.",
      ...{ allows: "partner", scope: "own", ...SMALL, body: StepUp },
      answers: { 200: { description: "Until when", schema: SteppedUp } },
      handle: async ({ caller, body }) => {
        const by =
          "password" in body ? body : { passkey: asShown(body.passkey) };
        const steppedUpUntil = await signIn.stepUp(caller, by);
        return answer(200, { steppedUpUntil });
      },
    }),
  ];
}

function passkeyRoutes({ signIn, staff }: Ports): readonly Route[] {
  return [
    route({
      ...{ method: "POST", path: "/me/passkey-options" },
      ...{ operationId: "newPasskeyOptions", tag: "People" },
      summary: "What to have the browser make a passkey with",
      ...{ allows: "partner", scope: "own", stepUp: true, problems: [409] },
      answers: {
        200: {
          description: "For `navigator.credentials.create()`, as JSON",
          schema: AnyJson,
        },
      },
      handle: async ({ caller }) => {
        const self = staff.receiver(caller.operator, caller, "passkey");
        return answer(200, await signIn.newPasskey(self));
      },
    }),
    route({
      ...{ method: "POST", path: "/me/passkeys", operationId: "addPasskey" },
      ...{ tag: "People", summary: "Takes in a passkey that was made" },
      ...{ allows: "partner", scope: "own", stepUp: true, changes: true },
      ...{ mostBodyBytes: MOST_BODY_BYTES, body: NewPasskey },
      answers: { 201: { description: "It is one's own", schema: Added } },
      handle: async ({ caller, body: { passkey, label } }) => {
        const made = asMade(passkey);
        const credential = await signIn.addPasskey(caller, made, label);
        return answer(201, { credential });
      },
    }),
  ];
}

/** The cookie of a session, which takes the place of an earlier one. */
function entered(
  { secret, caller }: SignedIn,
  before: Caller | undefined,
  ports: Ports,
) {
  if (before !== undefined) ports.signIn.end(before);
  const jar = jarOf(ports.publicUrl());
  return answer(200, shapeOf(caller, ports), {
    "set-cookie": cookieSet(jar, jar.session, secret),
  });
}

function shapeOf(caller: Caller, { signIn }: Ports) {
  const { operator: id, name, role, org, credential, from } = caller;
  return {
    ...{ operator: { id, name, role, org }, credential, from },
    steppedUpUntil: caller.steppedUpUntil,
    session: signIn.session(credential, id) ?? null,
  };
}

/** The caller after a step-up, which only who has a session comes to. */
function refreshed(caller: Caller | undefined, { signIn }: Ports): Caller {
  if (caller === undefined) throw noSession();
  return signIn.steppedUp(caller);
}

/** @throws ApiProblem when there is none to step up */
function sessionOf(caller: Caller | undefined) {
  if (caller === undefined || !isByCookie(caller)) throw noSession();
  return { session: caller.credential, operator: caller.operator };
}

const noSession = () =>
  problem(409, "no-session", {
    ...{ field: "", value: undefined },
    message:
      "no session is open here: sign in first; a token is revoked instead",
  });
