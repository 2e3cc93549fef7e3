import { describe, expect, it } from "@jest/globals";
import {
  verifyBeat,
  verifyHead,
  verifyState,
} from "../../../agent/trust/verify.js";
import { wire1, wire2 } from "../../../agent/protocol/wire.js";
import { TestAgent } from "../../support/agent/test-agent.js";
import { eventually, startTestCloud } from "../../support/cloud/cloud.js";
import { ManualClock } from "../../support/time/clock.js";

const HEARTBEAT_MS = 25_000;

describe("where its feeds stand", () => {
  it("is said in one state that a head key signed, and then in beats about it", async () => {
    const clock = new ManualClock(Date.now());
    await using cloud = await startTestCloud({ clock });
    using agent = TestAgent.dial(cloud.url, wire2);
    await agent.hello(await cloud.enrol());
    const { state } = await agent.next("state");
    const said = verifyState(state, cloud.root);
    expect(said.heads.map(({ feed }) => feed)).toEqual([
      ...["urgent", "reputation", "org/example"],
    ]);
    for (let n = 0; n < 3; n++) {
      await clock.advance(HEARTBEAT_MS);
      const beat = await eventually(() => agent.beats.shift());
      expect(beat.length).toBe(85);
      expect(verifyBeat(beat, state, cloud.root)).toBe(clock.now());
    }
    expect(agent.messages.filter(({ type }) => type === "state")).toEqual([]);
  });

  it("is said anew at the next heartbeat after something was decided", async () => {
    const clock = new ManualClock(Date.now());
    await using cloud = await startTestCloud({ clock });
    using agent = TestAgent.dial(cloud.url, wire2);
    await agent.hello(await cloud.enrol());
    const before = await agent.next("state");
    await clock.advance(5_000);
    await cloud.ban("203.0.113.7");
    await agent.nextSegment();
    await clock.advance(HEARTBEAT_MS - 5_000);
    const after = await agent.next("state");
    const [old, young] = [before, after].map(
      ({ state }) => verifyState(state, cloud.root).heads[0]?.offset,
    );
    expect([old, young]).toEqual([0, 1]);
    expect(verifyState(after.state, cloud.root).time).toBe(clock.now());
  });

  it("is said to who comes later with a beat of that moment", async () => {
    const clock = new ManualClock(Date.now());
    await using cloud = await startTestCloud({ clock });
    using first = TestAgent.dial(cloud.url, wire2);
    await first.hello(await cloud.enrol());
    const { state } = await first.next("state");
    await clock.advance(10_000);
    using second = TestAgent.dial(cloud.url, wire2);
    await second.hello(await cloud.enrol());
    expect((await second.next("state")).state).toEqual(state);
    const beat = await eventually(() => second.beats.shift());
    expect(verifyBeat(beat, state, cloud.root)).toBe(clock.now());
  });

  it("is said to agents of version 1 in heads, as ever", async () => {
    const clock = new ManualClock(Date.now());
    await using cloud = await startTestCloud({ clock });
    const who = await cloud.enrol();
    using agent = await TestAgent.connect(cloud, who, [], wire1);
    for (let n = 0; n < 2; n++) {
      await clock.advance(HEARTBEAT_MS);
      const { heads } = await agent.next("heads");
      for (const head of heads) {
        expect(verifyHead(head, cloud.root).time).toBe(clock.now());
      }
    }
    expect(agent.beats).toEqual([]);
  });
});
