import { describe, expect, it, jest } from "@jest/globals";
import { join } from "node:path";
import type { TrialItem } from "../../../cloud/cli/ask-rules.js";
import {
  startTestCloud,
  temporaryFolder,
  type Enrolled,
} from "../../support/cloud/cloud.js";
import { Past } from "../../support/cloud/past.js";
import { askAtDoor } from "../../support/cloud/people.js";
import { detection } from "../telemetry/items.js";

jest.setTimeout(60_000);

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const SLOW = `version: 1
rules:
  - name: slow
    within: 24h
    needs: { orgs: 2, spread: { active: 3, of: 24 } }
    ban: { for: 7d }
  - name: fast
    within: 10m
    needs: { orgs: 2, failures: 1000 }
    ban: { for: 1h, growing: { factor: 2, upTo: 4h } }
`;

describe("a trial of rules", () => {
  it("tells what they would have banned, when, and what that would have kept out", async () => {
    const began = Date.now() - 5 * DAY;
    const seen = { firstSeen: began, lastSeen: began };
    await using stage = await openStage((past, [one, two]) => {
      // Once every few hours, in turns; and on when it would be banned.
      for (let n = 0; n < 6; n++) {
        const time = began + n * 3 * HOUR;
        const item = detection("203.0.113.7", { time, count: 2, ...seen });
        past.told(n % 2 === 0 ? one : two, daysSince(time), [item]);
      }
      const burst = { time: began, count: 600, ...seen };
      past.told(one, 5, [detection("203.0.113.8", burst)]);
      past.told(two, 5, [detection("203.0.113.8", burst)]);
      past.told(one, 5, [detection("203.0.113.9", burst)]);
    });
    const trial = await stage.test(SLOW);
    expect(trial).toMatchObject({
      ...{ attackers: 3, detections: 9, total: 2, whole: true },
      ...{ clippedHosts: 0, overRate: 0 },
      rules: [
        { rule: "slow", bans: 1, attackers: 1, vetoed: 0, keptOut: 6 },
        { rule: "fast", bans: 1, attackers: 1, vetoed: 0, keptOut: 0 },
      ],
      bans: [
        { rule: "fast", range: "203.0.113.8", orgs: 2, failures: 1_200 },
        {
          ...{ rule: "slow", range: "203.0.113.7", lasts: 7 * 86_400 },
          ...{ orgs: 2, hosts: 2, failures: 6, confidence: 0.75 },
          reason:
            "seen by 2 orgs on 2 hosts within 24 h, in 3 of its 24 parts: 6 failures (sshd)",
        },
      ],
      // What settings say looks ten minutes back, and 1,200 failures do.
      beside: { version: 0, both: 1, added: 1, lost: 0 },
    });
    const decisions = await stage.cloud.request("GET", "/api/v1/decisions");
    expect(decisions.body).toMatchObject({ items: [] });
  });

  it("names whom it would have hit", async () => {
    await using stage = await openStage((past, [one, two]) => {
      past.came(two, "203.0.113.40");
      for (const who of [one, two]) {
        past.told(who, 2, [
          detection("203.0.113.40", { time: Date.now() - 2 * DAY, count: 999 }),
          detection("8.8.8.8", { time: Date.now() - 2 * DAY, count: 999 }),
          detection("10.0.0.1", { time: Date.now() - 2 * DAY, count: 999 }),
        ]);
      }
    });
    const trial = await stage.test(SLOW);
    expect(trial.bans.map(({ range, veto }) => [range, veto?.why])).toEqual(
      expect.arrayContaining([
        ["8.8.8.8", "tier"],
        ["203.0.113.40", "agent"],
      ]),
    );
    expect(trial.total).toBe(2);
    expect(trial.rules[1]).toMatchObject({ bans: 2, vetoed: 2 });
  });

  it("looks back only so far, and believes nobody who is revoked", async () => {
    await using stage = await openStage((past, [one, two]) => {
      const time = Date.now() - 20 * DAY;
      for (const who of [one, two]) {
        past.told(who, 20, [detection("203.0.113.7", { time, count: 999 })]);
      }
    });
    expect((await stage.test(SLOW, "19d")).detections).toBe(0);
    expect((await stage.test(SLOW, "21d")).total).toBe(1);
    // Longer ago than there is a date for.
    expect((await stage.test(SLOW, "69784394h")).total).toBe(1);
    const path = `/agents/${stage.two.agent}/revoke`;
    await askAtDoor(stage.cloud, stage.cloud.operator, ["POST", path, {}]);
    expect((await stage.test(SLOW, "21d")).total).toBe(0);
  });
});

const daysSince = (time: number): number => (Date.now() - time) / DAY;

async function openStage(
  tell: (past: Past, orgs: readonly [Enrolled, Enrolled]) => void,
) {
  const folder = temporaryFolder();
  const dir = join(folder.path, "cloud");
  const past = new Past(dir);
  const [one] = past.org("one");
  const [two] = past.org("two");
  if (one === undefined || two === undefined) throw new Error("they are there");
  tell(past, [one, two]);
  const cloud = await startTestCloud({ dir });
  const ask = async (text: string, since = "30d") =>
    cloud.request<TrialItem>("POST", "/api/v1/rules/test", { text, since });
  return {
    ...{ cloud, ask, one, two },
    test: async (text: string, since?: string) => (await ask(text, since)).body,
    [Symbol.asyncDispose]: async () => {
      await cloud[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}
