import { join } from "node:path";
import { expect } from "@jest/globals";
import * as v from "valibot";
import type { DecisionItem } from "../../../cloud/cli/ask-decisions.js";
import { CorrelationSettings } from "../../../cloud/decide/correlation-settings.js";
import { TestAgent } from "../../support/agent/test-agent.js";
import {
  eventually,
  startTestCloud,
  temporaryFolder,
  type Enrolled,
  type TestCloud,
  type TestCloudOptions,
} from "../../support/cloud/cloud.js";
import { Past } from "../../support/cloud/past.js";
import { detection } from "../telemetry/items.js";

/** What a vendor has who changed nothing. */
export const DEFAULTS = v.parse(CorrelationSettings, {});

export type Hosts = readonly Enrolled[];

/** Orgs of standing that saw the same before, all of them. */
export function honestOrgs(past: Past, count: number): readonly Hosts[] {
  const orgs = Array.from({ length: count }, (_, n) => past.org(`honest${n}`));
  for (const [who] of orgs) tellPast(past, who, "192.0.2");
  return orgs;
}

export function tellPast(
  past: Past,
  who: Enrolled | undefined,
  net: string,
): void {
  if (who === undefined) return;
  const time = Date.now() - 3 * 24 * 60 * 60 * 1000;
  const items = [1, 2, 3, 4].map((n) => detection(`${net}.${n}`, { time }));
  past.told(who, 3, items);
}

/** A cloud with a past, and hosts that report to it. */
export async function openStage<
  T extends { readonly honest: readonly Hosts[] },
>(make: (past: Past) => T, options: Omit<TestCloudOptions, "dir"> = {}) {
  const folder = temporaryFolder();
  const dir = join(folder.path, "cloud");
  const orgs = make(new Past(dir));
  const settings = { ...options, dir };
  const correlation = { ...DEFAULTS, ...options.correlation };
  const cloud = await startTestCloud({ ...settings, correlation });
  const report = async (
    from: readonly (Hosts | undefined)[],
    source: string,
    more: Parameters<typeof detection>[1] = {},
  ): Promise<void> => {
    for (const hosts of from) {
      const [who] = hosts ?? [];
      if (who === undefined) throw new Error("there is no such org");
      using agent = await TestAgent.connect(cloud, who);
      await agent.report(detection(source, more));
    }
  };
  const firstTargets = async () => {
    const decisions = await eventually(async () => {
      const found = await decisionsOf(cloud);
      return found.length > 0 ? found : undefined;
    });
    return decisions.map(({ targets }) => targets);
  };
  return {
    ...orgs,
    cloud,
    report,
    firstTargets,
    /** What honest orgs see afterwards is decided on, and was the first. */
    expectOnlyHonest: async () => {
      await report(orgs.honest.slice(0, 3), "203.0.113.99");
      expect(await firstTargets()).toEqual([["203.0.113.99"]]);
    },
    [Symbol.asyncDispose]: async () => {
      await cloud[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

export async function decisionsOf(
  cloud: TestCloud,
): Promise<readonly DecisionItem[]> {
  type Answer = { items: DecisionItem[] };
  return (await cloud.request<Answer>("GET", "/api/v1/decisions")).body.items;
}
