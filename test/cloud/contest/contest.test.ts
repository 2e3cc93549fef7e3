import { describe, expect, it, jest } from "@jest/globals";
import type {
  AnsweredContest,
  ContestCode,
  ContestItem,
} from "../../../cloud/cli/ask-contests.js";
import type { WeightItem } from "../../../cloud/cli/ask-orgs.js";
import type { StatusItem } from "../../../cloud/cli/ask-cloud.js";
import {
  eventually,
  startTestCloud,
  type TestCloud,
} from "../../support/cloud/cloud.js";
import { askAtDoor, letIn } from "../../support/cloud/people.js";
import { TestAgent } from "../../support/agent/test-agent.js";
import { systemClock } from "../../../agent/runtime/clock.js";
import { detection } from "../telemetry/items.js";
import { operatorOf } from "../cli/operator.js";

jest.setTimeout(60_000);

const BANNED = "203.0.113.7";
const WHY = "it is our mail server";

/** A cloud with a second person, who answers. */
async function openStage(options: Parameters<typeof startTestCloud>[0] = {}) {
  const cloud = await startTestCloud(options);
  const bo = await letIn(cloud, { name: "bo", role: "approver" });
  const open = (address: string) =>
    askAtDoor<ContestItem>(cloud, cloud.operator, [
      ...(["POST", "/contests/open"] as const),
      { address, why: WHY, contact: "postmaster@example.com" },
    ]);
  const answer = (contest: string, body: object, token = bo.token) =>
    askAtDoor<AnsweredContest & { code?: string; detail?: string }>(
      cloud,
      token,
      ["POST", `/contests/${contest}/answer`, { answer: "sorry", ...body }],
    );
  const bansOn = async (range: string) => {
    type Bans = { items: { range: string; until: string }[] };
    const path = `/api/v1/bans?range=${range}`;
    return (await cloud.request<Bans>("GET", path)).body.items;
  };
  return {
    ...{ cloud, bo, open, answer, bansOn },
    [Symbol.asyncDispose]: () => cloud[Symbol.asyncDispose](),
  };
}

const released = { verdict: "released" };

describe("a contest", () => {
  it("that is released lifts the bans on the address in all feeds at once", async () => {
    await using stage = await openStage();
    const { cloud, open, answer } = stage;
    await cloud.addOrg("acme");
    const { decision } = await cloud.ban(BANNED);
    await cloud.ban(BANNED, { feed: "org/acme" });
    await cloud.ban(BANNED, { feed: "reputation" });
    const { status, body } = await open(BANNED);
    expect(status).toBe(201);
    expect(body).toMatchObject({ state: "open", proof: "operator", why: WHY });
    expect(body.decisions).toContain(decision);
    const came = await answer(body.contest, released);
    expect(came.status).toBe(200);
    expect(came.body.contest).toMatchObject({
      ...{ state: "released", answeredBy: "bo", bySelf: false },
      answer: "sorry",
    });
    expect(came.body.decisions.map(({ feed }) => feed).sort()).toEqual([
      ...["org/acme", "reputation", "urgent"],
    ]);
    expect(await stage.bansOn(BANNED)).toEqual([]);
    expect((await answer(body.contest, released)).body.code).toBe("answered");
  });

  it("is of IPv6 about the network that a host has", async () => {
    await using stage = await openStage();
    await stage.cloud.ban("2001:db8:1:2::/64");
    const { body } = await stage.open("2001:db8:1:2::5");
    expect((await stage.answer(body.contest, released)).status).toBe(200);
    expect(await stage.bansOn("2001:db8:1:2::/64")).toEqual([]);
  });

  it("that is shortened has the bans end sooner, and never later", async () => {
    await using stage = await openStage();
    await stage.cloud.ban(BANNED, { for: "7d" });
    const { contest } = (await stage.open(BANNED)).body;
    const longer = { verdict: "shortened", for: "30d" };
    const late = await stage.answer(contest, longer);
    expect(late.body.code).toBe("ends-sooner");
    const unsaid = await stage.answer(contest, { verdict: "shortened" });
    expect(unsaid.status).toBe(400);
    const hour = { verdict: "shortened", for: "1h" };
    const { body } = await stage.answer(contest, hour);
    expect(body.contest.state).toBe("shortened");
    const [ban] = await stage.bansOn(BANNED);
    expect(Date.parse(ban?.until ?? "")).toBeLessThan(Date.now() + 3_601_000);
    expect(ban?.until).toBe(body.contest.until);
  });

  it("that is refused changes nothing", async () => {
    await using stage = await openStage();
    await stage.cloud.ban(BANNED);
    const { contest } = (await stage.open(BANNED)).body;
    const { body } = await stage.answer(contest, { verdict: "refused" });
    expect(body).toMatchObject({
      contest: { state: "refused" },
      decisions: [],
    });
    expect(await stage.bansOn(BANNED)).toHaveLength(1);
  });

  it("is answered by another than who ordered the ban, while there is one", async () => {
    await using stage = await openStage();
    const { cloud, bo } = stage;
    await cloud.ban(BANNED);
    const { contest } = (await stage.open(BANNED)).body;
    const own = await stage.answer(contest, released, cloud.operator);
    expect([own.status, own.body.code]).toEqual([403, "same-person"]);
    expect(await stage.bansOn(BANNED)).toHaveLength(1);
    const gone = ["PATCH", `/operators/${bo.id}`, { disabled: true }] as const;
    await askAtDoor(cloud, cloud.operator, gone);
    const alone = await stage.answer(contest, released, cloud.operator);
    expect(alone.body.contest).toMatchObject({ bySelf: true });
  });

  it("waits until a wider ban around the address is lifted", async () => {
    await using stage = await openStage();
    await stage.cloud.ban(BANNED);
    await stage.cloud.ban("203.0.113.0/24", { feed: "reputation" });
    const { contest } = (await stage.open(BANNED)).body;
    const held = await stage.answer(contest, released);
    expect([held.status, held.body.code]).toEqual([409, "wider-bans"]);
    expect(held.body.detail).toContain("203.0.113.0/24 in reputation");
    expect(await stage.bansOn(BANNED)).toHaveLength(2);
    await stage.cloud.lift("203.0.113.0/24", { feed: "reputation" });
    expect((await stage.answer(contest, released)).status).toBe(200);
  });

  it("is only of what is banned, once at a time, and of one address", async () => {
    await using stage = await openStage();
    expect((await stage.open(BANNED)).status).toBe(404);
    await stage.cloud.ban(BANNED);
    expect((await stage.open(BANNED)).status).toBe(201);
    expect((await stage.open(BANNED)).status).toBe(409);
    expect((await stage.open("203.0.113.0/24")).status).toBe(400);
  });

  it("that nobody answers in time is overdue, in the status as well", async () => {
    let now = Date.now();
    const clock = { ...systemClock, now: () => now };
    await using stage = await openStage({ clock });
    await stage.cloud.ban(BANNED, { for: "30d" });
    const { contest } = (await stage.open(BANNED)).body;
    now += 71 * 60 * 60 * 1000;
    expect(await statusOf(stage.cloud)).toMatchObject({ open: 1, overdue: 0 });
    now += 60 * 60 * 1000;
    expect(await statusOf(stage.cloud)).toMatchObject({ open: 1, overdue: 1 });
    const path = `/api/v1/contests/${contest}`;
    const { body } = await stage.cloud.request<ContestItem>("GET", path);
    expect(body.isOverdue).toBe(true);
  });

  it("lowers what those weigh by whose reports a rule had banned it", async () => {
    await using stage = await openStage();
    const { cloud } = stage;
    for (const org of ["one", "two"]) {
      using agent = await TestAgent.connect(cloud, await cloud.enrol(org));
      await agent.report(detection(BANNED));
    }
    await cloud.addOrg("other");
    await eventually(async () => (await stage.bansOn(BANNED))[0]);
    const { contest, decisions } = (await stage.open(BANNED)).body;
    await stage.answer(contest, released);
    const weights = await weightsOf(cloud);
    for (const org of ["one", "two"]) {
      expect(weights.get(org)).toMatchObject({
        weight: 0.5,
        blames: [{ id: decisions[0], why: "released", share: 1 }],
      });
    }
    expect(weights.get("other")?.blames).toEqual([]);
    // The two are not enough any more, a second later.
    await systemClock.sleep(1_100);
    for (const org of ["one", "two"]) {
      using agent = await TestAgent.connect(cloud, await cloud.enrol(org));
      await agent.report(detection("203.0.113.8"));
    }
    await systemClock.sleep(1_000);
    expect(await stage.bansOn("203.0.113.8")).toEqual([]);
  });
});

describe("tourniquet-cloud contest", () => {
  it("opens, lists, shows and answers, and org weights says what it cost", async () => {
    await using stage = await openStage();
    const { cloud } = stage;
    const run = operatorOf(cloud);
    await cloud.ban(BANNED);
    const opened = await run("contest", "open", BANNED, "--why", WHY);
    const [id = ""] = /con-\w+/.exec(opened.out) ?? [];
    expect(opened.out).toMatch(/^con-\w+ waits for an answer until 20/);
    expect((await run("contest", "list")).out).toContain(WHY);
    expect((await run("status")).out).toContain("1 contest waits");
    const said = ["contest", "answer", id, "release", "--answer", "sorry"];
    expect(await run(...said)).toMatchObject({ code: 2 });
    await stage.answer(id, { verdict: "refused" });
    const shown = (await run("contest", "show", id)).out;
    expect(shown).toContain("answered by bo");
    expect((await run("contest", "list")).out).toBe("no contest waits");
    expect((await run("contest", "list", "--all")).out).toContain("refused");
    await cloud.addOrg("acme");
    expect((await run("org", "weights")).out).toContain(
      "0 of 1 host are here for long enough",
    );
  });
});

describe("a stranger", () => {
  const contest = (cloud: TestCloud, body: object) =>
    fetch(`${cloud.url}/api/v1/contests`, {
      method: "POST",
      body: JSON.stringify({ why: WHY, ...body }),
    });
  const toldBy = async (cloud: TestCloud, token: string) =>
    (await fetch(`${cloud.url}/api/v1/contests/answers/${token}`)).json();

  it("is not heard unless the settings say so", async () => {
    await using stage = await openStage();
    await stage.cloud.ban("127.0.0.1");
    const { status } = await contest(stage.cloud, { address: "127.0.0.1" });
    expect(status).toBe(403);
    expect((await statusOf(stage.cloud)).open).toBe(0);
  });

  it("contests from the address itself, and reads the answer by a token", async () => {
    const operatorsOnPublic = false;
    await using stage = await openStage({
      contest: { intake: true },
      operatorsOnPublic,
    });
    const { cloud } = stage;
    await ordered(cloud, "127.0.0.1");
    const heard = await contest(cloud, { address: "127.0.0.1" });
    expect(heard.status).toBe(201);
    const { token } = (await heard.json()) as { token: string };
    const open = await toldBy(cloud, token);
    expect(open).toMatchObject({ state: "open", answer: null });
    const listed = await askAtDoor<{ items: ContestItem[] }>(
      ...([cloud, cloud.operator, ["GET", "/contests"]] as const),
    );
    const [waiting] = listed.body.items;
    expect(waiting).toMatchObject({ proof: "from-address" });
    await stage.answer(waiting?.contest ?? "", released);
    const told = await toldBy(cloud, token);
    expect(told).toMatchObject({ state: "released", answer: "sorry" });
    // Nothing of who ordered it, or whose reports it was.
    expect(Object.keys(told as object).sort()).toEqual([
      ...["address", "answer", "answerBy", "answeredAt"],
      ...["openedAt", "state", "until"],
    ]);
    expect(JSON.stringify(told)).not.toContain("bo");
    const elsewhere = await fetch(`${cloud.url}/api/v1/bans`);
    expect(elsewhere.status).toBe(404);
  });

  it("without a proof learns nothing, and leaves nothing behind", async () => {
    await using stage = await openStage({ contest: { intake: true } });
    const { cloud } = stage;
    await cloud.ban(BANNED);
    const before = await answerOf(contest(cloud, { address: BANNED }));
    const free = await answerOf(contest(cloud, { address: "203.0.113.9" }));
    expect(before).toEqual({ ...free });
    expect(before).toMatchObject({ status: 403, code: "not-proved" });
    expect((await statusOf(cloud)).open).toBe(0);
  });

  it("may use a code of an operator, for that address and once", async () => {
    await using stage = await openStage({ contest: { intake: true } });
    const { cloud } = stage;
    await cloud.ban(BANNED);
    await cloud.ban("203.0.113.9");
    const made = await cloud.request<ContestCode>(
      ...(["POST", "/api/v1/contest-codes", { address: BANNED }] as const),
    );
    const { code } = made.body;
    const other = await contest(cloud, { address: "203.0.113.9", code });
    expect(other.status).toBe(403);
    const heard = await contest(cloud, { address: BANNED, code });
    expect(heard.status).toBe(201);
    const again = await contest(cloud, { address: BANNED, code });
    expect(again.status).toBe(403);
  });

  it("is heard three times from one network, and no more than 4 KiB", async () => {
    await using stage = await openStage({ contest: { intake: true } });
    const statuses: number[] = [];
    for (let n = 0; n < 5; n++) {
      statuses.push((await contest(stage.cloud, { address: BANNED })).status);
    }
    expect(statuses).toEqual([403, 403, 403, 429, 429]);
    const long = { address: BANNED, contact: "x".repeat(8_192) };
    expect((await contest(stage.cloud, long)).status).toBe(413);
  });
});

/** By the door of operators, which is open when the public one is not theirs. */
const ordered = (cloud: TestCloud, range: string) =>
  askAtDoor(cloud, cloud.operator, ["POST", "/bans", { range }]);

async function answerOf(asked: Promise<Response>) {
  const response = await asked;
  const { code } = (await response.json()) as { code: string };
  return { status: response.status, code };
}

async function statusOf(cloud: TestCloud): Promise<StatusItem["contests"]> {
  const path = ["GET", "/status"] as const;
  const { body } = await askAtDoor<StatusItem>(cloud, cloud.operator, path);
  return body.contests;
}

async function weightsOf(cloud: TestCloud) {
  type Weights = { items: WeightItem[] };
  const { body } = await cloud.request<Weights>("GET", "/api/v1/org-weights");
  return new Map(body.items.map((each) => [each.org, each]));
}
