import {
  decodeToken,
  encodeToken,
  EnrolmentAnswer,
  EnrolmentRequest,
} from "../../../agent/protocol/enrolment.js";
import { limits } from "../../../agent/protocol/limits.js";
import { Malformed } from "../../../agent/protocol/malformed.js";
import { parseJson } from "../../../agent/protocol/shapes.js";
import { ApiProblem, checkedSecret } from "../../../cloud/api/problem.js";
import { token } from "../../../test/support/vectors.js";
import { golden } from "../corpus.js";
import { Broken, type Read, type Target } from "../target.js";
import { briefly, holdsAsJson } from "./json.js";

const SECRET = token(7);
const PREFIX = "tq1.";

/** Whoever enrols looks at the scheme. */
const KNOWN = ["https:", "http:"];

export const target: Target = {
  name: "token",
  corpus: [
    ...golden("enrolment token", "enrolment request", "enrolment answer"),
    ...["https://cloud.example/", "http://127.0.0.1:8443", "https://[::1]"].map(
      (url) =>
        Buffer.from(
          encodeToken({ url, secret: SECRET, root: "ab".repeat(32) }),
        ),
    ),
  ],
  readers: {
    token: discreet((text) => {
      const found = decodeToken(text);
      holdsAsJson(found, (again) =>
        decodeToken(PREFIX + Buffer.from(again).toString("base64url")),
      );
      return KNOWN.find((each) => found.url.startsWith(each)) ?? "another URL";
    }),
    request: discreet((text) => {
      const read = (json: string) =>
        checkedSecret(EnrolmentRequest, readJson(json));
      holdsAsJson(read(text), read);
      return "request";
    }),
    answer: briefly((text) => {
      const read = (json: string) => parseJson(EnrolmentAnswer, json, "answer");
      holdsAsJson(read(text), read);
      return "answer";
    }),
  },
  layers: [
    {
      open: (outer) => {
        const text = outer.toString();
        if (!text.startsWith(PREFIX)) throw new Error("it is no token");
        return Buffer.from(text.slice(PREFIX.length), "base64url");
      },
      seal: (inner) => Buffer.from(PREFIX + inner.toString("base64url")),
    },
  ],
  words: [
    ...['"url"', '"secret"', '"root"', '"publicKey"', '"proof"', `"${SECRET}"`],
    ...['"file:///etc/passwd"', '"javascript:0"', '"https://a@b:c/"', PREFIX],
  ],
  refusals: [Malformed, ApiProblem],
  mostBytes: limits.textBytes,
  // Empty arrays within each other take some 50 bytes each.
  mostMemory: 128 * limits.textBytes,
  mostCpuMs: 250,
};

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Malformed("request", "is not JSON"); // as the API's door says
  }
}

/** Whatever is wrong, the secret is not repeated. */
function discreet(read: (text: string) => string): Read {
  return briefly((text) => {
    try {
      return read(text);
    } catch (error) {
      if (!(error instanceof Error && error.message.includes(SECRET))) {
        throw error;
      }
      throw new Broken("discretion", error.message);
    }
  });
}
