import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { BanTold, WaitsTold } from "../../../cloud/cli/ask-bans.js";
import type { ProposalItem } from "../../../cloud/cli/ask-proposals.js";
import type { GlassItem } from "../../../cloud/cli/ask-glass.js";
import type { CloudStatus } from "../../../cloud/status.js";
import { RecordingLogger } from "../../support/agent/recording-logger.js";
import { startTestCloud, type TestCloud } from "../../support/cloud/cloud.js";
import {
  askAsOperator,
  askAtDoor,
  letIn,
  type Person,
} from "../../support/cloud/people.js";

const WIDE = "45.8.0.0/15";

describe("over the API", () => {
  let cloud: TestCloud;
  const log = new RecordingLogger();
  const people = new Map<string, Person>();

  beforeAll(async () => {
    cloud = await startTestCloud({
      ...{ log, twoPersons: { flows: null } },
    });
    for (const org of ["acme", "globex"]) await cloud.addOrg(org);
    for (const [name, role, org] of [
      ["viewer", "viewer", null],
      ["ann", "analyst", null],
      ["bo", "approver", null],
      ["boss", "admin", null],
      ["cy", "analyst", "acme"],
      ["di", "approver", "acme"],
      ["ed", "approver", "globex"],
    ] as const) {
      people.set(name, await letIn(cloud, { name, role, org }));
    }
  });
  afterAll(() => cloud[Symbol.asyncDispose]());

  const tokenOf = (name: string) => people.get(name)!.token;
  /** With the step-up that who comes by the cloud's folder has. */
  const ask = <T>(name: string, ...asked: [string, string, unknown?]) =>
    askAtDoor<T>(cloud, tokenOf(name), asked);
  const propose = async (name = "ann", more: object = {}) => {
    const order = { range: WIDE, reason: "all of it", ...more };
    const { status, body } = await ask<WaitsTold>(name, "POST", "/bans", order);
    expect(status).toBe(202);
    return body;
  };
  const release = <T>(name: string, { proposal }: WaitsTold) =>
    ask<T>(name, "POST", `/proposals/${proposal}/release`, { reason: "seen" });
  const listed = async (name: string, query = "") => {
    type Answer = { items: ProposalItem[]; next: string | null };
    return (await ask<Answer>(name, "GET", `/proposals${query}`)).body;
  };

  it("a dangerous order is answered with its dangers, and until when it waits", async () => {
    const waits = await propose();
    expect(waits).toMatchObject({
      proposal: expect.stringMatching(/^prp-/),
      dangers: [{ why: "wide", says: expect.stringContaining(WIDE) }],
      expiresAt: expect.stringMatching(/T.*Z$/),
      others: 3,
    });
    const { items } = await listed("viewer");
    expect(items[0]).toMatchObject({
      ...{ kind: "order", id: waits.proposal, action: "ban", by: "ann" },
      ...{ feeds: ["urgent"], ranges: 1, targets: [WIDE], lasts: 14_400 },
      ...{ reason: "all of it", dangers: waits.dangers, verdict: null },
    });
    const path = `/proposals/${waits.proposal}`;
    expect(await ask("viewer", "GET", path)).toMatchObject({
      ...{ status: 200, body: { ranges: [WIDE] } },
    });
  });

  it("somebody else releases it, who has stepped up, and nobody else", async () => {
    const order = { range: "45.10.0.0/15" };
    const waits = await propose("ann", order);
    const path = `/proposals/${waits.proposal}/release`;
    expect(await release("viewer", waits)).toMatchObject({ status: 403 });
    expect(await release("ann", waits)).toMatchObject({ status: 403 });
    const long = await askAsOperator(cloud, tokenOf("bo"), ["POST", path, {}]);
    expect(long).toMatchObject({
      ...{ status: 403, body: { code: "step-up-needed" } },
    });
    const released = await release<{ decision: string }>("bo", waits);
    expect(released.status).toBe(201);
    const decision = await ask(
      ...(["viewer", "GET", `/decisions/${released.body.decision}`] as const),
    );
    expect(decision.body).toMatchObject({ decision: { by: "ann" } });
    expect(await release("boss", waits)).toMatchObject({
      ...{ status: 409, body: { code: "not-open" } },
    });
  });

  it("who proposed it does not, whoever they are, and may withdraw it", async () => {
    const waits = await propose("boss");
    expect(await release("boss", waits)).toMatchObject({
      ...{ status: 403, body: { code: "same-person" } },
    });
    const path = `/proposals/${waits.proposal}/refuse`;
    expect(await ask("boss", "POST", path, { reason: "a typo" })).toMatchObject(
      { status: 200 },
    );
    expect((await listed("viewer", "?all=true")).items[0]).toMatchObject({
      ...{ id: waits.proposal, verdict: "refused", settledBy: "boss" },
    });
  });

  it("an org's approver releases what is of their own feed alone", async () => {
    const waits = await propose("cy");
    const vendors = await propose("ann");
    expect((await listed("di")).items.map(({ id }) => id)).toEqual([
      waits.proposal,
    ]);
    expect((await listed("ed")).items).toEqual([]);
    const unknown = await release<{ detail: string }>("ed", waits);
    expect(unknown.status).toBe(404);
    const missing = { ...waits, proposal: "prp-0000000000000000" };
    const none = await release<{ detail: string }>("ed", missing);
    expect(unknown.body.detail.replace(waits.proposal, "")).toBe(
      none.body.detail.replace(missing.proposal, ""),
    );
    expect(await release("di", vendors)).toMatchObject({ status: 404 });
    expect(await release("di", waits)).toMatchObject({
      ...{ status: 201, body: { feed: "org/acme" } },
    });
  });

  it("the list goes on where a page ended, the newest first", async () => {
    for (let i = 0; i < 3; i++)
      await propose("bo", { range: `46.${i * 16}.0.0/12` });
    const all = (await listed("viewer")).items.map(({ id }) => id);
    const paged: string[] = [];
    for (let cursor = ""; ;) {
      const { items, next } = await listed("viewer", `?limit=2${cursor}`);
      paged.push(...items.map(({ id }) => id));
      if (next === null) break;
      cursor = `&cursor=${next}`;
    }
    expect(paged).toEqual(all);
    expect(all.length).toBeGreaterThanOrEqual(3);
  });

  it("an admin breaks the glass; all hear of it, until somebody else reviews it", async () => {
    const order = { range: "47.8.0.0/15", breakGlass: "it burns" };
    const long = { ...order, for: "25h" };
    expect(await ask("boss", "POST", "/bans", long)).toMatchObject({
      ...{ status: 400, body: { code: "lasts-too-long" } },
    });
    expect(await ask("bo", "POST", "/bans", order)).toMatchObject({
      ...{ status: 403, body: { code: "not-allowed" } },
    });
    const { status, body } = await ask<BanTold>("boss", "POST", "/bans", order);
    expect(status).toBe(201);
    const { glass } = body;
    expect(log.lines).toContainEqual(
      expect.stringContaining("error: the glass was broken"),
    );
    const state = await ask<CloudStatus>("viewer", "GET", "/status");
    expect(state.body.brokenGlass.count).toBe(1);
    const review = { verdict: "justified", reason: "it did" };
    const path = `/break-glass/${glass}/review`;
    expect(await ask("boss", "POST", path, review)).toMatchObject({
      ...{ status: 403, body: { code: "same-person" } },
    });
    expect(await ask<GlassItem>("bo", "POST", path, review)).toMatchObject({
      ...{ status: 200, body: { by: "boss", reviewedBy: "bo", bySelf: false } },
    });
    expect(await ask("bo", "POST", path, review)).toMatchObject({
      ...{ status: 409, body: { code: "reviewed-before" } },
    });
    expect(await ask("di", "GET", "/break-glass")).toMatchObject({
      status: 403,
    });
  });
});
