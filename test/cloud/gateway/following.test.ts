import { describe, expect, it } from "@jest/globals";
import { silentLogger } from "../../../agent/log/logger.js";
import { NO_HASH, type Position } from "../../../agent/model/position.js";
import type { FeedPlan } from "../../../agent/protocol/messages.js";
import type { FromCloud } from "../../../agent/protocol/wire.js";
import {
  Following,
  MOST_BUFFERED,
  type FollowingPorts,
} from "../../../cloud/gateway/following.js";
import { ManualClock } from "../../support/time/clock.js";

describe("an agent that asks its way and reads nothing", () => {
  it("is answered once, when it has read what was sent", () => {
    const agent = listener();
    agent.following.begin([], () => undefined);
    agent.link.buffered = MOST_BUFFERED + 1;
    for (let i = 0; i < 900; i++) agent.following.resume("urgent", at(i));
    expect([agent.said, agent.written]).toEqual([[], 3]);

    agent.link.buffered = 0;
    agent.following.drained();
    expect(agent.said).toEqual([{ type: "plan", plans: [tail] }]);
    expect(agent.asked.at(-1)).toEqual(at(899));
  });
});

describe("an agent whose snapshot has to be built", () => {
  it("is welcomed without it, and told its plan when it is there", async () => {
    const agent = listener();
    const built = agent.build();
    let welcomed: readonly FeedPlan[] | undefined;
    agent.following.begin([], (plans) => (welcomed = plans));
    expect(welcomed).toEqual([]);
    agent.following.resume("urgent", at(7));
    agent.following.push("urgent", frame("not yet"));
    expect([agent.said, agent.written]).toEqual([[], 0]);

    built.resolve();
    await turn();
    expect(agent.said).toEqual([{ type: "plan", plans: [tail] }]);
    expect(agent.asked.at(-1)).toEqual(at(7));
  });

  it("keeps its session when that fails, and gets its plan later", async () => {
    const agent = listener();
    const built = agent.build();
    agent.following.begin([], () => undefined);
    built.reject(new Error("no space left on device"));
    await turn();
    expect([agent.said, agent.failures]).toEqual([[], []]);
    await agent.clock.advance(2_000);
    await turn();
    expect(agent.said).toEqual([{ type: "plan", plans: [tail] }]);
  });

  it("is forgotten when it goes meanwhile", async () => {
    const agent = listener();
    const built = agent.build();
    agent.following.begin([], () => undefined);
    agent.following.end();
    built.resolve();
    await turn();
    expect([agent.said, agent.failures]).toEqual([[], []]);
  });
});

describe("an agent that stands ahead of its cloud", () => {
  it("is an error in the log: history was lost", () => {
    const errors: unknown[] = [];
    const log = {
      ...silentLogger,
      error: (...said: unknown[]) => void errors.push(said),
    };
    const agent = listener({ log, isAhead: ({ offset }) => offset > 10 });
    agent.following.begin([at(10)], () => undefined);
    expect(errors).toEqual([]);
    agent.following.resume("urgent", at(11));
    expect(errors).toEqual([
      [
        "agent stands ahead: this cloud lost history",
        { agent: "agt-1", feed: "urgent", epoch: "e", offset: 11 },
      ],
    ]);
  });
});

describe("an agent that does not read bans in rings", () => {
  it("is led past them by a snapshot, and that is logged once", () => {
    const warnings: unknown[] = [];
    const log = {
      ...silentLogger,
      warn: (what: string) => void warnings.push(what),
    };
    const stuck: boolean[] = [];
    const plan: FollowingPorts["gateway"]["plan"] = (_, __, asked) => {
      stuck.push(asked.isStuck);
      return tail;
    };
    const agent = listener({ log, plan }, false);
    agent.following.begin([], () => undefined);
    agent.following.push("urgent", frame("four", true));
    agent.following.push("urgent", frame("five"));
    expect(agent.written).toBe(3);
    agent.following.resume("urgent", at(3));
    agent.following.meetsRings("urgent");
    agent.following.resume("urgent", at(3));
    expect(stuck).toEqual([false, true, true]);
    expect(warnings).toEqual(["agent cannot read bans in rings"]);
  });
});

const frame = (text: string, hasRings = false) => ({
  ...{ bytes: Buffer.from(text), hasRings },
});

const tail: FeedPlan = { mode: "tail", feed: "urgent", epoch: "e" };

const at = (offset: number): Position => ({
  ...{ feed: "urgent", epoch: "e", offset, hash: NO_HASH },
});

/** An agent that follows `urgent`, three frames behind. */
function listener(
  more: Partial<FollowingPorts["gateway"]> = {},
  readsRings = true,
) {
  const clock = new ManualClock();
  const said: FromCloud[] = [];
  const failures: unknown[] = [];
  const asked: (Position | undefined)[] = [];
  let building: Promise<void> | undefined;
  const link = {
    buffered: 0,
    write: () => {
      agent.written += 1;
    },
  };
  const gateway: FollowingPorts["gateway"] = {
    ...{ clock, log: silentLogger, isAhead: () => false },
    plan: (_, position) => {
      asked.push(position);
      const first = building;
      building = undefined;
      return first ?? tail;
    },
    ...more,
  };
  const following = new Following(["urgent"], {
    ...{ agent: "agt-1", link, gateway },
    readsRings,
    framesAfter: () => ["one", "two", "three"].map((text) => frame(text)),
    say: (message) => void said.push(message),
    fail: (error) => void failures.push(error),
  });
  const build = () => {
    const settle = {
      resolve: (): void => undefined,
      reject: (_: Error): void => undefined,
    };
    building = new Promise((resolve, reject) => {
      Object.assign(settle, { resolve, reject });
    });
    return settle;
  };
  const facts = { clock, said, failures, asked, link };
  const agent = { ...facts, following, build, written: 0 };
  return agent;
}

const turn = (): Promise<void> =>
  new Promise((resolve) => void setImmediate(resolve));
