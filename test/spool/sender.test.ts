import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { Sender } from "../../agent/spool/sender.js";
import type { Spool } from "../../agent/spool/spool.js";
import { ManualClock } from "../support/time/clock.js";
import { detection, inventory, NOW, SpoolFolder, vitals } from "./items.js";
import { ScriptedCloud, ScriptedLink } from "./scripted-cloud.js";

describe("the sender", () => {
  let folder: SpoolFolder;
  let spool: Spool;
  let clock: ManualClock;
  let cloud: ScriptedCloud;
  let lies: string[];
  let sender: Sender;

  beforeEach(() => {
    folder = new SpoolFolder();
    spool = folder.open();
    clock = new ManualClock();
    cloud = new ScriptedCloud();
    lies = [];
    sender = makeSender();
  });
  afterEach(() => {
    sender[Symbol.dispose]();
    folder[Symbol.dispose]();
  });

  const makeSender = () =>
    new Sender({
      spool: { read: (work) => work(spool), write: (work) => work(spool) },
      clock,
      events: {
        acknowledgedUnsent: (id, through) => lies.push(`${id} ${through}`),
      },
      pace: { gapMs: 3_000, patienceMs: 60_000 },
    });
  const append = (...items: Parameters<Spool["append"]>[0]) => {
    spool.append(items, NOW);
    sender.offer();
  };
  const connect = () => {
    const link = new ScriptedLink();
    sender.sayTo(link);
    return link;
  };

  it("sends what waits once there is a link, and forgets it once acknowledged", () => {
    append(vitals(1));
    const link = connect();
    expect(link.sent.map(({ first }) => first)).toEqual([1]);

    sender.acknowledged(link.answer(cloud));

    expect(spool.next()).toBeUndefined();
    expect(cloud.taken.map(({ number }) => number)).toEqual([1]);
  });

  it("has one message under way, and sends what came meanwhile after it", async () => {
    append(detection(1));
    const link = connect();
    append(detection(2));
    expect(link.sent).toHaveLength(1);
    sender.acknowledged(link.answer(cloud));
    expect(link.sent.map(({ first }) => first)).toEqual([1, 2]);
    await clock.advance(0);
  });

  it("waits some seconds between messages that are not urgent", async () => {
    append(vitals(1));
    const link = connect();
    sender.acknowledged(link.answer(cloud));
    append(vitals(2));
    await clock.advance(2_999);
    append(vitals(3));
    expect(link.sent).toHaveLength(1);

    await clock.advance(1);

    expect(link.sent[1]?.items).toEqual([vitals(2), vitals(3)]);
  });

  it("does not wait with a detection, nor with what comes before it", () => {
    append(vitals(1));
    const link = connect();
    sender.acknowledged(link.answer(cloud));
    append(vitals(2), detection(3));
    expect(link.sent[1]?.items).toEqual([vitals(2), detection(3)]);
  });

  it("is not hurried by statements that the link takes none of", async () => {
    const fact = { what: "mode", mode: "enforce" } as const;
    const who = { agent: "agt-1", time: NOW };
    append(vitals(1), { kind: "statement", document: { ...fact, ...who } });
    const link = connect();
    sender.acknowledged(link.answer(cloud));
    append(vitals(2));
    expect(sender.takesStatements).toBe(false);
    await clock.advance(2_999);
    expect(link.sent).toHaveLength(1);
    await clock.advance(1);
    expect(link.sent[1]?.items).toEqual([vitals(2)]);
  });

  it("sends again from the oldest on a new link", () => {
    append(detection(1));
    const lost = connect();
    lost.answer(cloud); // the acknowledgement is lost with the link
    lost.lose();
    append(detection(2));

    const link = connect();

    expect(link.sent[0]).toMatchObject({ first: 1 });
    sender.acknowledged(link.answer(cloud));
    expect(cloud.taken.map(({ number }) => number)).toEqual([1, 2]);
    expect(spool.next()).toBeUndefined();
  });

  it("sends nothing into a link that is lost", () => {
    const link = connect();
    link.lose();
    append(detection(1));
    expect(link.sent).toEqual([]);
    expect(spool.counts().sent).toBe(0);
  });

  it("sends the same again when no acknowledgement comes", async () => {
    append(detection(1));
    const link = connect();
    await clock.advance(60_000);
    expect(link.sent.map(({ first }) => first)).toEqual([1, 1]);
  });

  it("ignores an acknowledgement of what was never sent, and tells it", () => {
    append(vitals(1));
    connect();
    const type = "telemetry-ack" as const;
    sender.acknowledged({ type, spool: spool.id, through: 2 });
    sender.acknowledged({ type, spool: "other", through: 1 });
    expect(lies).toEqual([`${spool.id} 2`, "other 1"]);
    expect(spool.next()?.first).toBe(1);
  });

  it("goes on by itself through all that waits, whatever is urgent in it", async () => {
    spool.append(
      Array.from({ length: 200 }, (_, i) => inventory(i)),
      NOW,
    );
    const link = connect();
    for (let i = 0; i < 4; i++) {
      sender.acknowledged(link.answer(cloud));
      await clock.advance(3_000);
    }
    expect(cloud.taken.map(({ item }) => item)).toEqual(
      Array.from({ length: 200 }, (_, i) => inventory(i)),
    );
  });
});

type Happening =
  | { do: "append"; count: number; urgent: boolean }
  | { do: "arrive" | "lose-message" | "lose-ack" | "double-ack" }
  | { do: "reconnect" | "restart" | "late-ack" };

const happenings = fc.array(
  fc.oneof<fc.Arbitrary<Happening>[]>(
    fc.record({
      do: fc.constant("append" as const),
      count: fc.integer({ min: 1, max: 30 }),
      urgent: fc.boolean(),
    }),
    fc.record({
      do: fc.constantFrom(
        ...(["arrive", "lose-message", "lose-ack", "double-ack"] as const),
        ...(["reconnect", "restart", "late-ack"] as const),
      ),
    }),
  ),
  { maxLength: 60 },
);

describe("whatever happens to link, acknowledgements and agent", () => {
  it("every item is taken in once and in order, or counted as dropped", () => {
    fc.assert(
      fc.property(happenings, (script) => {
        using world = new World();
        for (const happening of script) world.happen(happening);
        world.settle();

        const { cloud, appended } = world;
        const numbers = cloud.taken.map(({ number }) => number);
        expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
        expect(new Set(numbers).size).toBe(numbers.length);
        expect(cloud.accountedFor).toBe(appended);
        const seen = cloud.taken.flatMap(({ item }) =>
          item.kind === "detection" ? [item.count] : [],
        );
        expect(seen).toEqual([...seen].sort((a, b) => a - b));
      }),
      { numRuns: 60 },
    );
  });
});

/** A spool that is soon full, its sender, and a cloud at the end of a bad link. */
class World implements Disposable {
  readonly cloud = new ScriptedCloud();
  appended = 0;
  readonly #folder = new SpoolFolder();
  #spool = this.#folder.open(SMALL);
  #sender = this.#start();
  #link = this.#connect();
  #acks: ReturnType<ScriptedLink["answer"]>[] = [];

  happen(happening: Happening): void {
    switch (happening.do) {
      case "append":
        return this.#append(happening);
      case "arrive":
        return this.#deliver(1);
      case "double-ack":
        return this.#deliver(2);
      case "lose-ack":
        return this.#deliver(0);
      case "lose-message":
      case "reconnect":
        this.#link.lose();
        this.#link = this.#connect();
        return;
      case "late-ack":
        return this.#acks.forEach((ack) => this.#sender.acknowledged(ack));
      case "restart":
        this.#sender[Symbol.dispose]();
        this.#spool = this.#folder.open(SMALL);
        this.#sender = this.#start();
        this.#link = this.#connect();
    }
  }

  /** In the end the link is good, for long enough. */
  settle(): void {
    while (this.#spool.next() !== undefined) {
      this.happen({ do: "reconnect" });
      this.happen({ do: "arrive" });
    }
  }

  [Symbol.dispose](): void {
    this.#sender[Symbol.dispose]();
    this.#folder[Symbol.dispose]();
  }

  #append({ count, urgent }: Happening & { do: "append" }): void {
    const items = Array.from({ length: count }, () => {
      this.appended++;
      return urgent ? detection(this.appended) : vitals(this.appended);
    });
    this.#spool.append(items, NOW);
    this.#sender.offer();
  }

  #deliver(acks: number): void {
    if (this.#link.sent.length === 0) return;
    const ack = this.#link.answer(this.cloud);
    this.#acks = [ack, ...this.#acks].slice(0, 5);
    for (let i = 0; i < acks; i++) this.#sender.acknowledged(ack);
  }

  #start(): Sender {
    const spool = this.#spool;
    return new Sender({
      spool: { read: (work) => work(spool), write: (work) => work(spool) },
      clock: { monotonic: () => 0, sleep: () => new Promise(() => undefined) },
      events: {
        acknowledgedUnsent: () => {
          throw new Error("this was sent");
        },
      },
      pace: { gapMs: 0, patienceMs: 60_000 },
    });
  }

  #connect(): ScriptedLink {
    const link = new ScriptedLink();
    this.#sender.sayTo(link);
    return link;
  }
}

const SMALL = { items: 40, bytes: 1e6 };
