import { describe, expect, it } from "@jest/globals";
import {
  cookieCleared,
  cookieIn,
  cookieSet,
  jarOf,
} from "../../../cloud/sign-in/cookies.js";
import {
  isOtherSite,
  isOwnSite,
  isOwnUpgrade,
} from "../../../cloud/sign-in/own-site.js";

const URL = "https://cloud.example:8443/";
const ORIGIN = "https://cloud.example:8443";
const asking = (fetchSite?: string, origin?: string) => ({ fetchSite, origin });

describe("a request with a cookie", () => {
  it("is the cloud's own page's by what the browser says of the site", () => {
    expect(isOwnSite(asking("same-origin"), URL)).toBe(true);
    for (const site of ["same-site", "cross-site", "none", ""]) {
      expect(isOwnSite(asking(site, ORIGIN), URL)).toBe(false);
    }
  });

  it("is so by its origin, where the browser says no site", () => {
    expect(isOwnSite(asking(undefined, ORIGIN), URL)).toBe(true);
    for (const origin of [
      ...["https://cloud.example", "http://cloud.example:8443", "null"],
      ...["https://evil.example", `${ORIGIN}.evil.example`, `${ORIGIN}/`],
    ]) {
      expect(isOwnSite(asking(undefined, origin), URL)).toBe(false);
    }
  });

  it("is nobody's when it says neither", () => {
    expect(isOwnSite(asking(), URL)).toBe(false);
  });
});

describe("a request without a cookie", () => {
  it("is let in when it is no browser's, or the cloud's own page's", () => {
    expect(isOtherSite(asking(), URL)).toBe(false);
    expect(isOtherSite(asking("same-origin"), URL)).toBe(false);
    expect(isOtherSite(asking("cross-site"), URL)).toBe(true);
    expect(isOtherSite(asking(undefined, "https://evil.example"), URL)).toBe(
      true,
    );
  });
});

describe("an upgrade to a WebSocket by cookie", () => {
  it("has to name the cloud's own origin", () => {
    expect(isOwnUpgrade({ origin: ORIGIN }, URL)).toBe(true);
    expect(isOwnUpgrade({ origin: undefined }, URL)).toBe(false);
    expect(isOwnUpgrade({ origin: "https://evil.example" }, URL)).toBe(false);
  });
});

describe("a cookie", () => {
  it("is this host's alone, over TLS, and out of scripts' reach", () => {
    const jar = jarOf(URL);
    expect(cookieSet(jar, jar.session, "abc")).toBe(
      "__Host-tourniquet=abc; Path=/; HttpOnly; SameSite=Lax; Secure",
    );
    expect(cookieCleared(jar, jar.session)).toBe(
      "__Host-tourniquet=; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=0",
    );
  });

  it("has a plain name over plain HTTP, which is loopback", () => {
    const jar = jarOf("http://localhost:8443");
    expect(cookieSet(jar, jar.session, "abc")).toBe(
      "tourniquet=abc; Path=/; HttpOnly; SameSite=Lax",
    );
  });

  it("is found among others by its whole name", () => {
    const header = "a=1; tourniquet=no; __Host-tourniquet=yes; b=2";
    expect(cookieIn(header, "__Host-tourniquet")).toBe("yes");
    expect(cookieIn(header, "tourniquet")).toBe("no");
    expect(cookieIn(header, "quet")).toBeUndefined();
    expect(cookieIn(undefined, "a")).toBeUndefined();
    expect(cookieIn('a="quoted"', "a")).toBeUndefined();
    expect(cookieIn(`a=${"x".repeat(129)}`, "a")).toBeUndefined();
  });
});
