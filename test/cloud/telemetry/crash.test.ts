import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { systemClock } from "../../../agent/runtime/clock.js";
import { filesOf } from "../../../cloud/folder.js";
import { SqliteObservations } from "../../../cloud/journal/sqlite-observations.js";
import { foundCloud } from "../../../cloud/setup.js";
import { TestAgent } from "../../support/agent/test-agent.js";
import {
  NEW_VENDOR,
  startTestCloud,
  temporaryFolder,
} from "../../support/cloud/cloud.js";
import type { Enrolled } from "../../support/cloud/cloud.js";
import { documentsIn } from "../cli/operator.js";
import { command, freePort, serve } from "../process.js";
import { detection } from "./items.js";

const LIVES = 12;

describe("a cloud that is killed at any moment", () => {
  it("has every item that it acknowledged, once, and decided once on each", async () => {
    using folder = temporaryFolder();
    const dir = join(folder.path, "cloud");
    const listen = `127.0.0.1:${await freePort()}`;
    const url = `http://${listen}`;
    foundCloud({ dir, name: "c", listen, publicUrl: undefined }, systemClock);
    const settings = join(dir, "cloud.json");
    writeFileSync(settings, withRate(readFileSync(settings, "utf8")));
    const reporters = await enrolled(dir);

    for (let life = 0; life < LIVES; life++) {
      await using cloud = await serve(dir);
      const stop = new AbortController();
      const connecting = reporters.map(({ who }) =>
        TestAgent.connect({ url }, who),
      );
      const agents = await Promise.all(connecting);
      const reporting = reporters.map((reporter, i) =>
        reportOn(agents[i]!, reporter, stop.signal),
      );
      await systemClock.sleep(20 + Math.random() * 250);
      await cloud.kill();
      stop.abort();
      await Promise.all(reporting);
    }
    const acked = Math.max(...reporters.map((each) => each.acked));
    expect(acked).toBeGreaterThan(LIVES);
    const seen = await expectOnce(dir, reporters);
    await expectDecidedOnce(dir, seen);
  });
});

interface Reporter {
  readonly who: Enrolled;
  readonly spool: string;
  acked: number;
}

const sourceOf = (number: number): string =>
  `203.0.${number >> 8}.${number & 255}`;

/** Says its items in order, now and then some of them again, until stopped. */
async function reportOn(
  connected: TestAgent,
  reporter: Reporter,
  signal: AbortSignal,
): Promise<void> {
  using agent = connected;
  const lost = agent.ended.then(() => undefined);
  while (!signal.aborted) {
    const again = Math.floor(Math.random() * 4);
    const first = Math.max(1, reporter.acked + 1 - again);
    const count = 1 + Math.floor(Math.random() * 8);
    const items = Array.from({ length: count }, (_, i) =>
      detection(sourceOf(first + i), { sensor: `n${first + i}` }),
    );
    const { spool } = reporter;
    agent.send({ type: "telemetry", spool, first, items });
    if (Math.random() < 0.2) {
      agent.send({ type: "telemetry", spool, first, items });
    }
    const ack = await Promise.race([agent.next("telemetry-ack"), lost]).catch(
      () => undefined,
    );
    if (ack === undefined) return;
    reporter.acked = Math.max(reporter.acked, ack.through);
  }
}

async function enrolled(dir: string): Promise<readonly Reporter[]> {
  await using cloud = await startTestCloud({ dir });
  const reporters: Reporter[] = [];
  for (const org of ["one", "two", "three"]) {
    const who = await cloud.enrol(org);
    reporters.push({ who, spool: crypto.randomUUID(), acked: 0 });
  }
  return reporters;
}

/** @returns how many orgs' hosts have seen each source */
async function expectOnce(
  dir: string,
  reporters: readonly Reporter[],
): Promise<ReadonlyMap<string, number>> {
  const path = filesOf(dir).observations;
  using observations = SqliteObservations.open(path, systemClock);
  const taken = await observations.after(0, 1_000_000);
  const seen = new Map<string, number>();
  for (const { who, spool, acked } of reporters) {
    let next = 1;
    for (const { event } of taken) {
      if (event.kind !== "telemetry" || event.spool !== spool) continue;
      expect(event).toMatchObject({ agent: who.agent, first: next });
      for (const item of event.items) {
        expect(item).toMatchObject({ sensor: `n${next}` });
        const source = sourceOf(next++);
        seen.set(source, (seen.get(source) ?? 0) + 1);
      }
    }
    expect(next).toBeGreaterThan(acked);
  }
  return seen;
}

async function expectDecidedOnce(
  dir: string,
  seen: ReadonlyMap<string, number>,
): Promise<void> {
  await using _cloud = await serve(dir);
  const shared = [...seen].filter(([, orgs]) => orgs > 1);
  const expected = shared.map(([source]) => source).sort();
  const deadline = Date.now() + 10_000;
  let targets: readonly string[] = [];
  while (targets.length < expected.length && Date.now() < deadline) {
    const options = ["--json", "--limit", "10000", "--dir", dir];
    const { out } = await command("decisions", ...options);
    const decisions = documentsIn<{ targets: string[] }>(out);
    targets = decisions.flatMap((decision) => decision.targets);
  }
  expect([...targets].sort()).toEqual(expected);
}

/** Everything may be decided on at once. */
function withRate(settings: string): string {
  const correlation = { ...NEW_VENDOR, maxPerMinute: 100_000 };
  return JSON.stringify({ ...(JSON.parse(settings) as object), correlation });
}
