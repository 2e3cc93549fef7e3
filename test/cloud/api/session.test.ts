import { describe, expect, it } from "@jest/globals";
import type { Logger } from "../../../agent/log/logger.js";
import { silentLogger } from "../../../agent/log/logger.js";
import {
  ask,
  codeOf,
  PASSWORD,
  RIGHT,
  setPassword,
  signIn,
  stepUp,
} from "../../support/cloud/browser.js";
import { startTestCloud } from "../../support/cloud/cloud.js";
import { askAsOperator, letIn } from "../../support/cloud/people.js";

describe("signing in with a password", () => {
  it("opens a session by cookie, until one signs out", async () => {
    await using cloud = await startTestCloud();
    await setPassword(cloud);
    const { answer, cookie } = await signIn(cloud);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("set-cookie")).toMatch(
      /^tourniquet=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax$/,
    );
    const session = {
      operator: expect.objectContaining({ name: "admin", role: "admin" }),
      ...{ credential: expect.stringMatching(/^ses-/), from: "127.0.0.1" },
      steppedUpUntil: expect.stringMatching(/Z$/),
      session: expect.objectContaining({ way: "password" }),
    };
    expect(await answer.json()).toEqual(session);
    const shown = await ask(cloud, "/session", { cookie });
    expect(await shown.json()).toEqual(session);
    const out = await ask(cloud, "/session", { cookie, method: "DELETE" });
    expect(out.status).toBe(204);
    expect(out.headers.get("set-cookie")).toContain("Max-Age=0");
    expect((await ask(cloud, "/session", { cookie })).status).toBe(401);
  });

  it("has the cookie of one host, over TLS alone, where the cloud is reached so", async () => {
    await using cloud = await startTestCloud({ publicUrl: PUBLIC });
    await setPassword(cloud);
    const { answer } = await signIn(cloud);
    expect(answer.headers.get("set-cookie")).toMatch(
      /^__Host-tourniquet=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Secure$/,
    );
  });

  it("takes no session from the browser, and ends the one before", async () => {
    await using cloud = await startTestCloud();
    await setPassword(cloud);
    const planted = `tourniquet=${"A".repeat(43)}`;
    const one = await signIn(cloud, { cookie: planted });
    expect(one.cookie).not.toBe(planted);
    expect((await ask(cloud, "/session", { cookie: planted })).status).toBe(
      401,
    );
    const other = await signIn(cloud, { cookie: one.cookie });
    expect((await ask(cloud, "/session", one)).status).toBe(401);
    expect((await ask(cloud, "/session", other)).status).toBe(200);
  });

  it("is refused in one sentence, whatever is wrong", async () => {
    await using cloud = await startTestCloud();
    await setPassword(cloud);
    for (const body of [
      { name: "admin", password: "not that one" },
      { name: "nobody", password: PASSWORD },
    ]) {
      const { answer } = await signIn(cloud, { body });
      expect(answer.status).toBe(401);
      expect(await answer.json()).toMatchObject({
        ...{ code: "not-proved", detail: "the name or the password is wrong" },
      });
      expect(answer.headers.get("set-cookie")).toBeNull();
    }
  });

  it("is refused after many tries, and says until when", async () => {
    await using cloud = await startTestCloud();
    const body = { name: "nobody", password: "no" };
    const answers = await Promise.all(
      Array.from({ length: 12 }, () => signIn(cloud, { body })),
    );
    const late = answers
      .map(({ answer }) => answer)
      .filter(({ status }) => status === 429);
    expect(late.length).toBeGreaterThanOrEqual(2);
    for (const answer of late) {
      expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
      expect(await answer.json()).toMatchObject({ code: "too-many" });
    }
  });

  it("is refused, and repeats nothing, when it is not as it should be", async () => {
    await using cloud = await startTestCloud();
    for (const [body, expected] of [
      [{ name: "admin", password: "x".repeat(20_000) }, 413],
      [{ name: "admin", password: "secret".repeat(200) }, 400],
      [{ name: "admin", password: ["secret"] }, 400],
      [["secret"], 400],
      [{ password: "secret" }, 400],
    ] as const) {
      const { answer } = await signIn(cloud, { body });
      expect(answer.status).toBe(expected);
      expect(await answer.text()).not.toContain("secret");
    }
  });

  it("is told of in the cloud's log, and counted in its status", async () => {
    const lines: string[] = [];
    const info = (what: string) => void lines.push(what);
    const child = () => log;
    const log: Logger = { ...silentLogger, info, child };
    await using cloud = await startTestCloud({ log });
    await setPassword(cloud);
    await signIn(cloud);
    await signIn(cloud, { body: { name: "admin", password: "no" } });
    expect(lines).toContain("an operator signed in");
    const { body } = await cloud.request("GET", "/api/v1/status");
    expect(body).toMatchObject({
      operators: {
        ...{ open: 1, signIns: { password: 1, passkey: 0, oidc: 0 } },
        ...{ refused: 1, tooMany: 0 },
      },
      drops: { "sign-ins-refused": { count: 1 } },
    });
  });
});

describe("a change by cookie", () => {
  const order = { method: "POST", body: { name: "Example" } };

  it("is refused unless a page of the cloud's own makes it", async () => {
    await using cloud = await startTestCloud();
    await setPassword(cloud);
    const { cookie } = await signIn(cloud);
    for (const headers of [
      {},
      { "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "same-site", origin: cloud.url },
      { "sec-fetch-site": "none" },
      { origin: "https://evil.example" },
      { origin: "null" },
    ]) {
      const by = { cookie, headers, ownSite: false };
      const answer = await ask(cloud, "/orgs", { ...order, ...by });
      expect([headers, answer.status]).toEqual([headers, 403]);
      expect(await codeOf(answer)).toBe("other-site");
      const signOut = await ask(cloud, "/session", { ...by, method: "DELETE" });
      expect(signOut.status).toBe(403);
    }
    const left = await ask(cloud, "/orgs", { cookie });
    expect(await left.json()).toEqual({ items: [], next: null });
  });

  it("is carried out when the cloud's own page makes it", async () => {
    await using cloud = await startTestCloud();
    await setPassword(cloud);
    const { cookie } = await signIn(cloud);
    const bySite = await ask(cloud, "/orgs", {
      ...{ ...order, cookie, ownSite: false },
      headers: { "sec-fetch-site": "same-origin" },
    });
    expect(bySite.status).toBe(201);
    const byOrigin = await ask(cloud, "/orgs", {
      ...{ method: "POST", body: { name: "Other" }, cookie, ownSite: false },
      headers: { origin: cloud.url },
    });
    expect(byOrigin.status).toBe(201);
  });

  it("needs none of that with a bearer token", async () => {
    await using cloud = await startTestCloud();
    const answer = await ask(cloud, "/orgs", {
      ...{ ...order, ownSite: false },
      headers: {
        ...{ authorization: `Bearer ${cloud.operator}` },
        "sec-fetch-site": "cross-site",
      },
    });
    expect(answer.status).toBe(201);
  });

  it("signs nobody in for another site's page", async () => {
    await using cloud = await startTestCloud();
    await setPassword(cloud);
    const answer = await ask(cloud, "/session", {
      ...{ method: "POST", body: RIGHT, ownSite: false },
      headers: { origin: "https://evil.example" },
    });
    expect([answer.status, await codeOf(answer)]).toEqual([403, "other-site"]);
    expect(answer.headers.get("set-cookie")).toBeNull();
  });
});

describe("a step-up", () => {
  const add = ["POST", "/operators", { name: "bert", role: "viewer" }] as const;

  it("lets the token that showed the password do what is dangerous", async () => {
    await using cloud = await startTestCloud();
    const other = await letIn(cloud, { name: "anna", role: "admin" });
    await setPassword(cloud);
    const first = await askAsOperator(cloud, cloud.operator, add);
    expect(first).toMatchObject({
      ...{ status: 403, body: { code: "step-up-needed" } },
    });
    const wrong = await stepUp(cloud, "not that one");
    expect(wrong.status).toBe(401);
    const { status, body } = await stepUp(cloud, PASSWORD);
    expect([status, body.steppedUpUntil]).toEqual([
      ...[200, expect.stringMatching(/Z$/)],
    ]);
    const second = await askAsOperator(cloud, cloud.operator, add);
    expect(second.status).toBe(201);
    const third = await askAsOperator(cloud, other.token, add);
    expect(third.status).toBe(403);
  });

  it("is one's own: nobody steps up with somebody else's password", async () => {
    await using cloud = await startTestCloud();
    const anna = await letIn(cloud, { name: "anna", role: "admin" });
    await setPassword(cloud);
    const answer = await askAsOperator(cloud, anna.token, [
      ...(["POST", "/session/step-up", { password: PASSWORD }] as const),
    ]);
    expect(answer.status).toBe(401);
  });
});

const PUBLIC = "https://cloud.example";
