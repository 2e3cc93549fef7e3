import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { decodeToken, encodeToken } from "../../agent/protocol/enrolment.js";
import { Malformed } from "../../agent/protocol/malformed.js";
import { token } from "../support/vectors.js";

const good = {
  url: "https://cloud.example/",
  secret: token(7),
  root: "ab".repeat(32),
};

describe("an enrolment token", () => {
  it("is read as it was written", () => {
    expect(decodeToken(encodeToken(good))).toEqual(good);
  });

  it("survives the white space of copy and paste around it", () => {
    expect(decodeToken(`\n  ${encodeToken(good)} \r\n`)).toEqual(good);
  });

  it("is one word without anything that a shell would touch", () => {
    expect(encodeToken(good)).toMatch(/^tq1\.[A-Za-z0-9_-]+$/);
  });

  it("is refused without its secret being told, whatever is wrong", () => {
    const secret = "S3CRETS3CRETS3CRETS3CRETS3CRETS3CRETS3CRETS";
    const json = JSON.stringify({ ...good, secret });
    const damage = fc.tuple(
      fc.nat(json.length),
      fc.nat(3),
      fc.constantFrom("", "+", '"', "{", "\\", "é", "\n"),
    );
    fc.assert(
      fc.property(damage, ([at, remove, insert]) => {
        const text = json.slice(0, at) + insert + json.slice(at + remove);
        const problem = problemOf(text);
        expect(problem).not.toContain("S3CRET");
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("a secret in the wrong place", () => {
  const { secret } = good;
  it.each([
    ["instead of the token", JSON.stringify(secret)],
    ["as the fingerprint", JSON.stringify({ ...good, root: secret })],
    ["as the address", JSON.stringify({ ...good, url: secret })],
    ["as a field's name", JSON.stringify({ ...good, [secret]: 1 })],
  ])("is not told: %s", (_, json) => {
    expect(problemOf(json)).toMatch(/not as it should be/);
    expect(problemOf(json)).not.toContain(secret);
  });
});

/** All that would be printed of the error, its causes included. */
function problemOf(json: string): string {
  try {
    decodeToken(`tq1.${Buffer.from(json).toString("base64url")}`);
    return "";
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    return `${error.message} ${String(error.cause)}`;
  }
}
