import { describe, expect, it } from "@jest/globals";
import * as v from "valibot";
import { Issuer, type FetchOutside } from "../../../cloud/sign-in/issuer.js";
import { LoginSettings } from "../../../cloud/sign-in/login-settings.js";
import { everyHostileUrl } from "../../support/cloud/hostile-urls.js";
import { ManualClock } from "../../support/time/clock.js";

const ISSUER = "https://issuer.example";

/** An issuer as the settings name it, or as they would if they were not checked. */
function issuerAt(issuer: string, fetchOutside: FetchOutside): Issuer {
  const { oidc } = v.parse(LoginSettings, {
    oidc: {
      ...{ issuer: ISSUER, clientId: "tourniquet" },
      roles: [{ value: "soc", role: "analyst", org: null }],
    },
  });
  return new Issuer(
    { ...oidc!, issuer },
    {
      ...{ clock: new ManualClock(), fetchOutside, secret: () => "a secret" },
      failed: () => undefined,
      redirectUri: () => "https://cloud.example/back",
    },
  );
}

/** What an issuer says that can be found, and leads somewhere hostile after that. */
const metadataWith = (endpoints: object) =>
  Response.json({
    ...{ issuer: ISSUER, authorization_endpoint: `${ISSUER}/authorize` },
    ...{ token_endpoint: `${ISSUER}/token`, jwks_uri: `${ISSUER}/keys` },
    response_types_supported: ["code"],
    ...endpoints,
  });

describe("an issuer that is hostile", () => {
  it("gets nobody anywhere by where it is", async () => {
    await everyHostileUrl((url, { door }) =>
      issuerAt(url, (to, init) => door.fetch(to, init)).ask(false),
    );
  });

  it("gets no code and no secret by where it sends them", async () => {
    const sent: string[] = [];
    await everyHostileUrl(async (url, { door }) => {
      const issuer = issuerAt(ISSUER, (to, init) => {
        if (to.startsWith(ISSUER)) {
          return Promise.resolve(metadataWith({ token_endpoint: url }));
        }
        sent.push(init.method);
        return door.fetch(to, init);
      });
      const { asked } = await issuer.ask(false);
      await issuer.answer(`code=of-news&state=${asked.state}`, asked);
    });
    expect(new Set(sent)).toEqual(new Set(["POST"]));
  });
});
