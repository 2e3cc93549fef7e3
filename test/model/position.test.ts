import { describe, expect, it } from "@jest/globals";
import {
  NO_HASH,
  audienceOf,
  isFeedName,
  samePosition,
} from "../../agent/model/position.js";
import { position } from "../support/vectors.js";

describe("a feed's name", () => {
  it.each([
    ...["urgent", "reputation", "local", "org/acme", "org/7", "org/a-b"],
    "org/acme/web",
  ])("may be %s", (name) => {
    expect(isFeedName(name)).toBe(true);
  });

  it.each([
    "",
    "Urgent",
    "urgent ",
    "org",
    "org/",
    "org/-a",
    "org/A",
    "org/a/b/c",
    "org/a/",
    "org/a/B",
    "org/a\n",
    `org/${"a".repeat(33)}`,
    "orgs/a",
  ])('may not be "%s"', (name) => {
    expect(isFeedName(name)).toBe(false);
  });

  it("says whom it is for", () => {
    expect(audienceOf("urgent")).toBe("all");
    expect(audienceOf("reputation")).toBe("all");
    expect(audienceOf("org/acme")).toBe("org/acme");
    expect(audienceOf("org/acme/web")).toBe("org/acme/web");
  });
});

describe("a position", () => {
  const here = position(7, NO_HASH);

  it("is the same when every part is", () => {
    expect(samePosition(here, position(7, new Uint8Array(32)))).toBe(true);
  });

  it.each([
    ["feed", position(7, NO_HASH, { feed: "reputation" })],
    ["epoch", position(7, NO_HASH, { epoch: "e2" })],
    ["offset", position(8, NO_HASH)],
    ["hash", position(7, new Uint8Array(32).fill(1))],
  ])("is another in another %s", (_, there) => {
    expect(samePosition(here, there)).toBe(false);
  });
});
