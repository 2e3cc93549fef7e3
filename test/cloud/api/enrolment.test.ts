import { describe, expect, it } from "@jest/globals";
import { decodeToken } from "../../../agent/protocol/enrolment.js";
import { systemClock } from "../../../agent/runtime/clock.js";
import { generateKey } from "../../../agent/trust/keys.js";
import { enrolWith, startTestCloud } from "../../support/cloud/cloud.js";
import { revoke } from "../../support/cloud/people.js";

describe("enrolment", () => {
  it("lets a host in once, and pins the root in the token", async () => {
    await using cloud = await startTestCloud();
    const org = await cloud.addOrg("Example Hosting");
    const token = await cloud.token(org);
    expect(decodeToken(token)).toMatchObject({
      url: cloud.url,
      root: cloud.root.fingerprint,
    });

    const { status, body } = await enrolWith(cloud.url, token, generateKey());
    expect(status).toBe(201);
    expect(body).toMatchObject({ org, cloud: "test-cloud" });
    const again = await enrolWith(cloud.url, token, generateKey());
    expect(again.status).toBe(403);
    expect(again.body).toMatchObject({ error: "token-used" });
  });

  it("lets one host in when many come with the same token", async () => {
    await using cloud = await startTestCloud();
    const token = await cloud.token(await cloud.addOrg("Example"));
    const answers = await Promise.all(
      Array.from({ length: 20 }, () =>
        enrolWith(cloud.url, token, generateKey()),
      ),
    );
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([201, ...Array<number>(19).fill(403)]);
  });

  it("gives who asks again with the same key the same agent", async () => {
    let now = Date.now();
    const clock = { ...systemClock, now: () => now };
    await using cloud = await startTestCloud({ clock });
    const org = await cloud.addOrg("Example");
    const token = await cloud.token(org);
    const key = generateKey();
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => enrolWith(cloud.url, token, key)),
    );
    const [first] = answers;
    expect(first?.status).toBe(201);
    for (const each of answers) expect(each).toEqual(first);
    const agents = await cloud.request<{ items: readonly object[] }>(
      ...(["GET", "/api/v1/agents"] as const),
    );
    expect(agents.body.items).toHaveLength(1);

    const other = await enrolWith(cloud.url, token, generateKey());
    expect(other.body).toMatchObject({ error: "token-used" });
    const another = await enrolWith(cloud.url, await cloud.token(org), key);
    expect(another.body).not.toMatchObject(first?.body as object);
    const copied = { ...key, sign: (it: Uint8Array) => generateKey().sign(it) };
    const unproven = await enrolWith(cloud.url, token, copied);
    expect(unproven.body).toMatchObject({ error: "bad-proof" });
    now += 25 * 60 * 60 * 1000;
    const late = await enrolWith(cloud.url, token, key);
    expect(late.body).toMatchObject({ error: "token-used" });
  });

  it("knows who was revoked no more, though he asks again", async () => {
    await using cloud = await startTestCloud();
    const token = await cloud.token(await cloud.addOrg("Example"));
    const key = generateKey();
    const { body } = await enrolWith(cloud.url, token, key);
    await revoke(cloud, (body as { agent: string }).agent);
    const again = await enrolWith(cloud.url, token, key);
    expect(again.body).toMatchObject({ error: "token-used" });
  });

  it("repeats nothing of a request that is malformed", async () => {
    await using cloud = await startTestCloud();
    const secret = "no secret of the right length";
    const body = { secret, hostname: "host.example" };
    const { status, body: said } = await cloud.request(
      ...(["POST", "/v1/enrol"] as const),
      body,
    );
    expect([status, said]).toMatchObject([400, { error: "invalid" }]);
    expect(JSON.stringify(said)).not.toContain(secret);
  });

  it("refuses a token that expired, or that it never made", async () => {
    let now = Date.now();
    const clock = { ...systemClock, now: () => now };
    await using cloud = await startTestCloud({ clock });
    const token = await cloud.token(await cloud.addOrg("Example"));
    now += 25 * 60 * 60 * 1000;
    const late = await enrolWith(cloud.url, token, generateKey());
    expect([late.status, late.body]).toMatchObject([
      403,
      { error: "token-expired" },
    ]);

    await using other = await startTestCloud();
    const strange = await enrolWith(other.url, token, generateKey());
    expect(strange.body).toMatchObject({ error: "token-unknown" });
  });

  it("refuses whoever does not hold the key that is shown", async () => {
    await using cloud = await startTestCloud();
    const token = await cloud.token(await cloud.addOrg("Example"));
    const shown = generateKey();
    const key = { ...shown, sign: (bytes: Uint8Array) => other.sign(bytes) };
    const other = generateKey();
    const { status, body } = await enrolWith(cloud.url, token, key);
    expect([status, body]).toMatchObject([403, { error: "bad-proof" }]);
    const honest = await enrolWith(cloud.url, token, shown);
    expect(honest.status).toBe(201);
  });
});
