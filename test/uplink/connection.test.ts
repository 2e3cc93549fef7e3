import { describe, expect, it } from "@jest/globals";
import {
  Connection,
  MOST_FRAMES_A_SECOND,
} from "../../agent/uplink/connection.js";
import {
  LinkBroken,
  LinkClogged,
  LinkClosed,
  LinkSilent,
} from "../../agent/uplink/errors.js";
import { watchLiveness } from "../../agent/uplink/liveness.js";
import { ManualClock } from "../support/time/clock.js";

const MIB = 1024 * 1024;
const NO_BYTES = Buffer.alloc(0);

/** A wire that writes down what it is told. */
function connect({ unsent = 0 } = {}) {
  const told: string[] = [];
  const clock = new ManualClock();
  const wire = {
    send: (text: string) => void told.push(`send ${text}`),
    unsent: () => unsent,
    ping: () => void told.push("ping"),
    pause: () => void told.push("pause"),
    resume: () => void told.push("resume"),
    close: (code: number) => void told.push(`close ${code}`),
    terminate: () => void told.push("terminate"),
  };
  return { told, clock, connection: new Connection(wire, clock) };
}

describe("a connection", () => {
  it("hands frames on in order, dated when they came", async () => {
    const { connection, clock } = connect();
    connection.heardFrame(Buffer.from("one"), false);
    await clock.advance(40);
    connection.heardFrame(Buffer.from("two"), true);
    await clock.advance(40);

    const frames = connection.frames();
    expect((await frames.next()).value).toEqual({ kind: "text", text: "one" });
    expect((await frames.next()).value).toEqual({
      kind: "binary",
      bytes: Buffer.from("two"),
      receivedAt: Date.UTC(2026, 0, 1) + 40,
      arrivedAt: 40,
    });
  });

  it("stops reading beyond 4 MiB that nobody took, until somebody does", async () => {
    const { connection, told } = connect();
    for (let i = 0; i < 3; i++) connection.heardFrame(Buffer.alloc(MIB), true);
    expect(told).toEqual([]);
    connection.heardFrame(Buffer.alloc(MIB), true);
    expect(told).toEqual(["pause"]);

    await connection.frames().next();
    expect(told).toEqual(["pause", "resume"]);
  });

  it("is dropped when what is sent is not read, and comes back as after any loss", async () => {
    const { connection, told } = connect({ unsent: MIB + 1 });
    connection.send("an answer");
    expect(told).toEqual(["send an answer", "terminate"]);
    const why: unknown = await connection
      .frames()
      .next()
      .catch((error: unknown) => error);
    expect(why).toBeInstanceOf(LinkClogged);
    expect((why as LinkClogged).patience()).toEqual({ kind: "backoff" });
    connection.send("another");
    expect(told).toHaveLength(2);
  });

  it("leaves others their turn, however many frames come", async () => {
    const { connection, clock } = connect();
    const most = MOST_FRAMES_A_SECOND;
    for (let i = 0; i < 2 * most; i++) connection.heardFrame(NO_BYTES, true);
    const frames = connection.frames();
    for (let i = 0; i < most; i++) await frames.next();
    let cameToo = false;
    const next = frames.next().then(() => (cameToo = true));
    await clock.advance(999);
    expect(cameToo).toBe(false);
    await clock.advance(1);
    await next;
    for (let i = 1; i < most; i++) await frames.next();
  });

  it("counts empty frames as well, and hands out any number of them", async () => {
    const { connection, told, clock } = connect();
    const most = (4 * MIB) / 256;
    for (let i = 0; i < most; i++) connection.heardFrame(NO_BYTES, true);
    expect(told).toEqual([]);
    connection.heardFrame(NO_BYTES, true);
    expect(told).toEqual(["pause"]);

    const frames = connection.frames();
    for (let i = 0; i <= most; i++) {
      if (i % MOST_FRAMES_A_SECOND === 0) await clock.advance(1_000);
      await frames.next();
    }
    expect(told).toEqual(["pause", "resume"]);
  });

  it("hands out what came before the end, then the first reason for it", async () => {
    const { connection } = connect();
    connection.heardFrame(Buffer.from("last words"), false);
    connection.heardClose(4001, "superseded");
    connection.failed(new Error("later trouble"));

    const frames = connection.frames();
    expect((await frames.next()).value).toMatchObject({ text: "last words" });
    await expect(frames.next()).rejects.toEqual(
      new LinkClosed(4001, "superseded"),
    );
  });

  it("that the network broke off made no mistake", async () => {
    const { connection } = connect();
    connection.failed(new Error("read ECONNRESET"));
    await expect(connection.frames().next()).rejects.toThrow(LinkBroken);
  });

  it("hands out nothing more once it was dropped", async () => {
    const { connection, told } = connect();
    connection.heardFrame(Buffer.from("too late"), false);
    connection.drop(new LinkSilent(100));

    await expect(connection.frames().next()).rejects.toThrow(LinkSilent);
    expect(told).toEqual(["terminate"]);
  });

  it("says nothing into a link that has ended", () => {
    const { connection, told } = connect();
    connection.heardClose(1006, "");
    connection.send("hello?");
    connection.ping();
    expect(told).toEqual([]);
  });
});

describe("liveness", () => {
  it("pings every heartbeat and drops what stays silent for two", async () => {
    const { connection, told, clock } = connect();
    using _watch = watchLiveness(connection, 1_000, clock);
    await clock.advance(1_999);
    expect(told).toEqual(["ping"]);
    await clock.advance(1);
    expect(told).toEqual(["ping", "terminate"]);
  });

  it("keeps a link that only answers pings", async () => {
    const { connection, told, clock } = connect();
    using _watch = watchLiveness(connection, 1_000, clock);
    for (let beat = 0; beat < 10; beat++) {
      await clock.advance(1_000);
      connection.heardPong();
    }
    expect(told).toEqual(Array.from({ length: 10 }, () => "ping"));
  });

  it("does not take its own pause for the peer's silence", async () => {
    const { connection, told, clock } = connect();
    using _watch = watchLiveness(connection, 1_000, clock);
    for (let i = 0; i < 5; i++) connection.heardFrame(Buffer.alloc(MIB), true);
    await clock.advance(10_000);
    expect(told).not.toContain("terminate");
  });
});
