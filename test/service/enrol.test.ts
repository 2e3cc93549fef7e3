import { readFileSync } from "node:fs";
import type { RequestListener } from "node:http";
import { describe, expect, it, test } from "@jest/globals";
import * as v from "valibot";
import {
  EnrolmentRequest,
  enrolmentProofBytes,
} from "../../agent/protocol/enrolment.js";
import { publicKey } from "../../agent/trust/keys.js";
import { makeCertificate } from "../../scripts/lab/certificate.js";
import { checkTransport, enrol } from "../../service/identity/enrol.js";
import { FakeCloud, identityFor } from "../support/cloud/fake-cloud.js";
import { TestFolder } from "../support/folder.js";
import { keys, rootDocument, signRoot, token } from "../support/vectors.js";

const { root, rootFingerprint } = identityFor("https://cloud.example");
const secret = token(42);

describe("an enrolment", () => {
  it("proves a new key, and brings an identity", async () => {
    await using cloud = await FakeCloud.start();
    const asked: string[] = [];
    cloud.serve = answering(201, welcome(), asked);
    expect(await enrolAt(cloud.url)).toEqual({
      ...{ identity: identityFor(cloud.url), mode: undefined },
    });

    const request = v.parse(EnrolmentRequest, JSON.parse(asked[0] ?? ""));
    const key = publicKey(Buffer.from(request.publicKey, "base64url"));
    const proof = Buffer.from(request.proof, "base64url");
    expect(key.verify(enrolmentProofBytes(secret), proof)).toBe(true);
    expect(key.id).toBe(keys.device.id);
    expect(request).toMatchObject({
      secret,
      hostname: "host",
      version: "1.2.3",
    });
  });

  it("refuses any root but the pinned one", async () => {
    await using cloud = await FakeCloud.start();
    const other = signRoot({ ...rootDocument(), version: 2 });
    cloud.serve = answering(201, { ...welcome(), root: other });
    await expect(enrolAt(cloud.url)).rejects.toThrow(
      "the root's fingerprint is",
    );
  });

  it("refuses a root that its own keys did not sign", async () => {
    await using cloud = await FakeCloud.start();
    const forged = {
      ...root,
      signatures: signRoot(rootDocument(), ["stranger"]).signatures,
    };
    cloud.serve = answering(201, { ...welcome(), root: forged });
    await expect(enrolAt(cloud.url)).rejects.toThrow(
      "0 of 2 needed signatures",
    );
  });

  const answers: [string, RequestListener, RegExp][] = [
    ["not JSON", answering(201, "<html>"), /malformed answer to the enrolment/],
    ["not all of it", answering(201, {}), /malformed answer.*agent/],
    [
      "a refusal",
      answering(403, { message: "token spent" }),
      /refused the enrolment: token spent$/,
    ],
    [
      "a refusal without words",
      answering(500, ""),
      /refused the enrolment: HTTP 500$/,
    ],
    ["escapes", answering(403, '{"message":"\u001b[2J"}'), /: \\u001b\[2J$/],
    [
      "without an end",
      answering(201, "x".repeat(1_000_000)),
      /answered with too much$/,
    ],
    [
      "cut off",
      (_request, response) => response.destroy(),
      /^cannot reach http:/,
    ],
  ];
  test.each(answers)(
    "fails on an answer that is %s",
    async (_what, serve, why) => {
      await using cloud = await FakeCloud.start();
      cloud.serve = serve;
      const error = await enrolAt(cloud.url).catch((error: unknown) => error);
      expect((error as Error).message).toMatch(why);
      expect(String((error as Error).stack)).not.toContain(secret);
    },
  );

  it("takes whoever answers like a web page for no cloud", async () => {
    await using cloud = await FakeCloud.start();
    cloud.serve = answering(200, "<html>Please log in</html>");
    await expect(enrolAt(cloud.url)).rejects.toThrow(
      /answered HTTP 200, as no cloud of tourniquet does: a captive portal/,
    );
  });

  it("says in a sentence that nothing listens, or that it is no TLS", async () => {
    await expect(enrolAt("http://127.0.0.1:1")).rejects.toThrow(
      "cannot reach http://127.0.0.1:1: nothing listens there; is the cloud running?",
    );
    await using cloud = await FakeCloud.start();
    await expect(enrolAt(cloud.url.replace("http:", "https:"))).rejects.toThrow(
      /it does not speak TLS there; is the address or port right\?$/,
    );
  });

  it("says how to trust a vendor's own authority", async () => {
    using folder = new TestFolder();
    const made = await makeCertificate(folder.path, "127.0.0.1");
    const cert = readFileSync(made.cert, "utf8");
    const key = readFileSync(made.key, "utf8");
    const abroad = { address: "127.0.0.1", cert, key };
    await using cloud = await FakeCloud.start(0, abroad);
    await expect(enrolAt(cloud.url)).rejects.toThrow(/--ca FILE/);
  });

  it("says what it could not reach, without the token", async () => {
    const error = await enrolAt("http://127.0.0.1:1").catch((e: unknown) => e);
    expect((error as Error).message).toMatch(
      /^cannot reach http:\/\/127\.0\.0\.1:1: /,
    );
    expect(String((error as Error).stack)).not.toContain(secret);
  });
});

describe("what is not encrypted", () => {
  test.each([
    "http://127.0.0.1:8443",
    "http://localhost",
    "http://[::1]:1",
    "https://cloud.example",
  ])("may go to %s", (url) =>
    expect(() => checkTransport(new URL(url))).not.toThrow(),
  );

  test.each([
    "http://cloud.example",
    "http://127.0.0.1.evil.example",
    "http://localhost.evil.example",
    "http://0.0.0.0",
    "http://[::ffff:127.0.0.1]",
    "ws://127.0.0.1",
    "ftp://127.0.0.1",
  ])("may not go to %s", async (url) => {
    expect(() => checkTransport(new URL(url))).toThrow("is not encrypted");
    await expect(enrolAt(url)).rejects.toThrow("is not encrypted");
  });
});

const enrolAt = (url: string) =>
  enrol({
    token: { url, secret, root: rootFingerprint },
    deviceKey: keys.device,
    inventory: { hostname: "host", system: "Debian GNU/Linux 12" },
    version: "1.2.3",
    way: { ca: undefined, proxy: undefined },
  });

const welcome = () => ({
  agent: "agent-1",
  org: "acme",
  cloud: "test-cloud",
  root,
});

function answering(
  status: number,
  body: unknown,
  asked: string[] = [],
): RequestListener {
  return (request, response) => {
    let text = "";
    request.on("data", (chunk: Buffer) => (text += chunk.toString("utf8")));
    request.on("end", () => {
      asked.push(text);
      response.writeHead(status);
      response.end(typeof body === "string" ? body : JSON.stringify(body));
    });
  };
}
