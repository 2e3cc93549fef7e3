import { describe, expect, it } from "@jest/globals";
import {
  ANSWERS_IN_ALL,
  ANSWERS_OF_ONE_PLACE,
} from "../../../cloud/sign-in/budgets.js";
import { TryLater } from "../../../cloud/sign-in/failures.js";
import type { FetchOutside } from "../../../cloud/sign-in/issuer.js";
import { ManualClock } from "../../support/time/clock.js";
import { staff, type Staff } from "./staff.js";

describe("an issuer", () => {
  it("is asked about codes that anybody makes up at a rate, of one place and of all", async () => {
    const asked: string[] = [];
    using people = await staffAt((url) => {
      asked.push(url);
      const isToken = url === METADATA.token_endpoint;
      const answer = isToken ? { error: "invalid_grant" } : METADATA;
      return Promise.resolve(
        Response.json(answer, { status: isToken ? 400 : 200 }),
      );
    });
    const times = (n: number, from: string) =>
      Promise.allSettled(
        Array.from({ length: n }, () => bringCode(people, from)),
      );
    const tokens = () =>
      asked.filter((url) => url === METADATA.token_endpoint).length;
    await times(ANSWERS_OF_ONE_PLACE.burst + 5, "198.51.100.1");
    expect(tokens()).toBe(ANSWERS_OF_ONE_PLACE.burst);
    await expect(bringCode(people, "198.51.100.1")).rejects.toThrow(TryLater);
    await expect(bringCode(people, "192.0.2.1")).rejects.toThrow(
      "the issuer did not say who you are",
    );
    await times(ANSWERS_OF_ONE_PLACE.burst, "203.0.113.1");
    expect(tokens()).toBe(ANSWERS_IN_ALL.burst);
    await expect(bringCode(people, "192.0.2.1")).rejects.toThrow(TryLater);
    await people.clock.advance(1000);
    await expect(bringCode(people, "192.0.2.1")).rejects.toThrow(
      "the issuer did not say who you are",
    );
  });

  it("that fails slowly is spared for ten seconds from then on", async () => {
    const clock = new ManualClock();
    let asked = 0;
    using people = await staffAt(async () => {
      asked += 1;
      await clock.advance(30_000);
      throw new Error("no answer");
    }, clock);
    const send = () => people.signIn.toIssuer(NO_ERRAND, "192.0.2.1");
    await expect(send()).rejects.toThrow("does not answer as it should");
    await expect(send()).rejects.toThrow("does not answer as it should");
    expect(asked).toBe(1);
    await clock.advance(10_000);
    await expect(send()).rejects.toThrow("does not answer as it should");
    expect(asked).toBe(2);
  });
});

const ISSUER = "https://issuer.example";

const METADATA = {
  issuer: ISSUER,
  authorization_endpoint: `${ISSUER}/authorize`,
  token_endpoint: `${ISSUER}/token`,
  jwks_uri: `${ISSUER}/keys`,
};

const NO_ERRAND = { stepUp: null, to: null };

const staffAt = (fetchOutside: FetchOutside, clock = new ManualClock()) =>
  staff({
    ...{ fetchOutside, clock },
    login: {
      oidc: {
        ...{ issuer: ISSUER, clientId: "tourniquet" },
        roles: [{ value: "soc", role: "analyst", org: null }],
      },
    },
  });

/** As a stranger's browser does that was sent, and comes back with its own code. */
async function bringCode({ signIn }: Staff, from: string): Promise<unknown> {
  const { url, browser } = await signIn.toIssuer(NO_ERRAND, from);
  const state = new URL(url).searchParams.get("state") ?? "";
  const query = `?${new URLSearchParams({ code: "made-up", state }).toString()}`;
  return signIn.fromIssuer({ query, browser }, undefined, from);
}
