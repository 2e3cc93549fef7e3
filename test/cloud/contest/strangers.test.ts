import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { parseCidr } from "../../../agent/model/cidr.js";
import { ContestIntake } from "../../../cloud/contest/intake.js";
import type { ContestOpened } from "../../../cloud/journal/contest-events.js";
import type { Caller } from "../../../cloud/operators/caller.js";
import { ban, letIn, Stage, type Opened } from "../two-persons/stage.js";

const PROXY = "127.0.0.1";
const BANNED = "203.0.113.7";
const OTHER = "198.51.100.7";
const SETTINGS = { twoPersons: { enabled: false }, perHour: 20 };

/** Addresses of as many networks, which nothing bans. */
const places = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, i) => `192.0.${i}.1`);

describe("strangers who contest", () => {
  let stage: Stage;
  let cloud: Opened;
  let ann: Caller;

  beforeEach(async () => {
    stage = new Stage();
    cloud = await stage.open(SETTINGS.twoPersons);
    ann = await letIn(cloud, "ann", "approver");
    await cloud.orders.ban(ann, ban([BANNED, OTHER, "2001:db8:1:2::/64"]));
  });
  afterEach(async () => {
    await cloud[Symbol.asyncDispose]();
    await stage[Symbol.asyncDispose]();
  });

  const intakeOf = (perHour = SETTINGS.perHour) => {
    const settings = { intake: true, perHour, answerWithinH: 72 };
    return new ContestIntake({ ...cloud, clock: stage.clock, settings });
  };
  const complaint = (address: string, code?: string) => ({
    ...{ host: parseCidr(address), why: "it is ours", contact: "", code },
  });
  const codeFor = async (address: string): Promise<string> =>
    (await cloud.contesting.invite(parseCidr(address), ann)).code;
  /** "heard", or why not. */
  const cameOf = async (asked: Promise<unknown>): Promise<unknown> => {
    try {
      await asked;
      return "heard";
    } catch (error) {
      return (error as { code?: unknown }).code ?? error;
    }
  };

  it("use up nobody's turn as long as nothing bans them", async () => {
    const intake = intakeOf();
    for (const place of places(25)) {
      const came = await cameOf(intake.hear(complaint(place), place));
      expect(came).toBe("not-banned");
    }
    const code = await codeFor(OTHER);
    const invited = intake.hear(complaint(OTHER, code), PROXY);
    expect(await cameOf(invited)).toBe("heard");
    const banned = intake.hear(complaint(BANNED), BANNED);
    expect(await cameOf(banned)).toBe("heard");
  });

  it("are heard so often in an hour in all, and whoever has a code beside", async () => {
    const intake = intakeOf(2);
    const banned = places(3);
    await cloud.orders.ban(ann, ban(banned));
    const came: unknown[] = [];
    for (const place of banned) {
      came.push(await cameOf(intake.hear(complaint(place), place)));
    }
    expect(came).toEqual(["heard", "heard", "too-many"]);
    const code = await codeFor(BANNED);
    const invited = intake.hear(complaint(BANNED, code), PROXY);
    expect(await cameOf(invited)).toBe("heard");
    await stage.clock.advance(3_600_000);
    const again = intake.hear(complaint(banned[2] ?? ""), banned[2] ?? "");
    expect(await cameOf(again)).toBe("heard");
  });

  it("behind a proxy keep nobody out who has a code, or a token", async () => {
    const intake = intakeOf();
    const came: unknown[] = [];
    for (let n = 0; n < 5; n++) {
      came.push(await cameOf(intake.hear(complaint(BANNED), PROXY)));
    }
    expect(came).toContain("too-many");
    const code = await codeFor(BANNED);
    const { token } = await intake.hear(complaint(BANNED, code), PROXY);
    const guess = () => intake.answerFor("x".repeat(43), PROXY);
    for (let n = 0; n < 30; n++) expect(guess()).toBeUndefined();
    expect(guess).toThrow("too many");
    expect(intake.answerFor(token, PROXY)).toMatchObject({ address: BANNED });
  });

  it("have one contest at a time of what one host has", async () => {
    const intake = intakeOf();
    const [one, two] = ["2001:db8:1:2::1", "2001:db8:1:2::2"] as const;
    expect(await cameOf(intake.hear(complaint(one), one))).toBe("heard");
    expect(await cameOf(intake.hear(complaint(two), two))).toBe("contested");
    const code = await codeFor(two);
    const invited = intake.hear(complaint(two, code), PROXY);
    expect(await cameOf(invited)).toBe("contested");
  });

  it("fill half of what waits, and the rest is for operators and their codes", async () => {
    const intake = intakeOf();
    await cloud.append(...places(250).map(opened), ...farther(250).map(opened));
    const stranger = intake.hear(complaint(BANNED), BANNED);
    expect(await cameOf(stranger)).toBe("full");
    const code = await codeFor(OTHER);
    const invited = intake.hear(complaint(OTHER, code), PROXY);
    expect(await cameOf(invited)).toBe("heard");
    const proof = { proof: "operator", by: ann.name } as const;
    const byAnn = cloud.contesting.open(complaint(BANNED), proof);
    expect(await cameOf(byAnn)).toBe("heard");
  });
});

const farther = (count: number): readonly string[] =>
  places(count).map((place) => place.replace("192.0.", "192.1."));

const opened = (address: string): ContestOpened => ({
  ...{ kind: "contest-opened", contest: `con-${address}`, address },
  ...{ why: "ours", contact: "", proof: "from-address", by: "stranger" },
  ...{ tokenHash: address, about: ["dec-1"], answerBy: 1_800_000_000_000 },
});
