import { expect, test } from "@jest/globals";
import { Lifetime } from "../../../agent/runtime/lifetime.js";
import { Stream, type Sink } from "../../../cloud/api/live/stream.js";
import type { LiveMessage } from "../../../cloud/api/live/live-event.js";
import { Registry } from "../../../cloud/registry/registry.js";
import type { Caller } from "../../../cloud/operators/caller.js";
import { temporaryFolder } from "../../support/cloud/cloud.js";
import { openLogs } from "../../support/cloud/logs.js";
import { ManualClock, until } from "../../support/time/clock.js";

const caller: Caller = {
  ...{ operator: "opr-1", name: "one", role: "viewer", org: null },
  ...{ credential: "tok-1", from: "127.0.0.1", steppedUpUntil: null },
  ...{ limits: null, collection: null },
};

/** A reader that takes what it is given when the test says so. */
class Reader implements Sink {
  buffered = 0;
  isReading = true;
  closed: number | undefined;
  readonly messages: LiveMessage[] = [];

  send(text: string): void {
    this.messages.push(JSON.parse(text) as LiveMessage);
    if (!this.isReading) this.buffered += 64 * 1024;
  }

  close(code: number): void {
    this.closed = code;
  }

  get orgs(): unknown[] {
    return this.messages.flatMap(({ items }) =>
      items.map(({ news }) => "org" in news && news.org),
    );
  }
}

/** A log, and a clock that stands still. */
async function openAll() {
  await using opened = new Lifetime();
  const { path } = opened.own(temporaryFolder());
  const clock = new ManualClock();
  const logs = opened.own(await openLogs(path, { clock }));
  const open = opened.release();
  const close = () => open[Symbol.asyncDispose]();
  return { ...logs, clock, [Symbol.asyncDispose]: close };
}

type Open = Awaited<ReturnType<typeof openAll>>;

const names = Array.from({ length: 200 }, (_, nth) => `org-${nth}`);

async function addOrgs({ decide }: Open): Promise<void> {
  for (const org of names) {
    await decide({ kind: "org-added", org, name: org });
  }
}

function streamTo(reader: Reader, logs: Open, who = caller): Stream {
  const { decisions, clock, views } = logs;
  const registry = new Registry(views);
  const waiting = { order: () => undefined };
  const ports = { decisions, registry, waiting, clock, again: () => who };
  return new Stream(who, { after: 0, beatMs: 60_000 }, reader, ports);
}

test("the log is read no further for who reads nothing, and all is told later", async () => {
  await using logs = await openAll();
  const { clock } = logs;
  await addOrgs(logs);
  const reader = new Reader();
  reader.isReading = false;
  streamTo(reader, logs).begin();
  await until("a full buffer", () => reader.buffered >= 256 * 1024);
  await clock.advance(1_000);
  expect(reader.orgs.length).toBeLessThan(names.length / 2);
  reader.isReading = true;
  reader.buffered = 0;
  await until("all was told", async () => {
    await clock.advance(100);
    return reader.orgs.length === names.length;
  });
  expect(reader.orgs).toEqual(names);
  expect(reader.closed).toBeUndefined();
});

test("others have their turn while a log is read that one may hear nothing of", async () => {
  await using logs = await openAll();
  await addOrgs(logs);
  const reader = new Reader();
  const foreign = { ...caller, org: "nobody's" };
  let turns = 0;
  const stream = streamTo(reader, logs, foreign);
  const count = () => {
    turns += 1;
    if (reader.messages.at(-1)?.position !== names.length) setImmediate(count);
  };
  setImmediate(count);
  stream.begin();
  await until("the end", () => {
    stream.beat();
    return reader.messages.at(-1)?.position === names.length;
  });
  expect(reader.orgs).toEqual([]);
  expect(turns).toBeGreaterThan(names.length / 16 / 2);
});

test("who reads nothing for half a minute is let go, with where to go on", async () => {
  await using logs = await openAll();
  const { clock } = logs;
  await addOrgs(logs);
  const reader = new Reader();
  reader.isReading = false;
  streamTo(reader, logs).begin();
  await until("a full buffer", () => reader.buffered >= 256 * 1024);
  for (let second = 0; second < 32; second++) await clock.advance(1_000);
  expect(reader.closed).toBe(4408);
  const told = reader.messages.at(-1)?.position ?? 0;
  expect(reader.orgs).toEqual(names.slice(0, told));
});

test("who reads nothing, while nothing is new, is let go as well", async () => {
  await using logs = await openAll();
  const { clock } = logs;
  const reader = new Reader();
  reader.isReading = false;
  const stream = streamTo(reader, logs);
  stream.begin();
  for (let nth = 0; nth < 20; nth++) stream.beat();
  expect(reader.buffered).toBe(256 * 1024);
  // Until the next beat, and half a minute.
  for (let second = 0; second < 92; second++) await clock.advance(1_000);
  expect(reader.buffered).toBe(256 * 1024);
  expect(reader.closed).toBe(4408);
});
