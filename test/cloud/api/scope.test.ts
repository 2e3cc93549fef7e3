import { describe, expect, it } from "@jest/globals";
import { ApiProblem } from "../../../cloud/api/problem.js";
import {
  mayOrder,
  mayRead,
  mustBeOrderable,
  mustBeOwnOrg,
  mustBeReadable,
  ownAgent,
} from "../../../cloud/api/scope.js";
import { FeedIndex } from "../../../cloud/feeds/feed-index.js";
import { indexTables } from "../../../cloud/feeds/feed-index.projection.js";
import { feedBegun } from "../../../cloud/feeds/feeds.js";
import type { AgentEnrolled } from "../../../cloud/journal/decision-events.js";
import type { Caller } from "../../../cloud/operators/caller.js";
import { Registry } from "../../../cloud/registry/registry.js";
import { temporaryFolder } from "../../support/cloud/cloud.js";
import { openLogs } from "../../support/cloud/logs.js";

describe("what a caller sees", () => {
  const FEEDS = ["urgent", "reputation", "org/acme", "org/globex"] as const;

  it.each([
    ["the vendor's analyst", caller({}), FEEDS, FEEDS],
    [
      "an org's admin",
      caller({ role: "admin", org: "acme" }),
      ["urgent", "reputation", "org/acme"],
      ["org/acme"],
    ],
    [
      "a partner",
      caller({ role: "partner", collection: "reputation" }),
      ["reputation"],
      [],
    ],
    ["a partner without a collection", caller({ role: "partner" }), [], []],
  ] as const)("and orders in, of feeds: %s", (_, who, reads, orders) => {
    expect(FEEDS.filter((feed) => mayRead(who, feed))).toEqual(reads);
    expect(FEEDS.filter((feed) => mayOrder(who, feed))).toEqual(orders);
  });

  it("is told apart from what is not there by nothing but the name", async () => {
    await using world = await openWorld();
    const of = caller({ role: "admin", org: "acme" });
    const asked = [
      (name: string) => mustBeReadable(of, `org/${name}`, world),
      (name: string) => mustBeOrderable(of, `org/${name}`, world),
      (name: string) => mustBeOwnOrg(of, name, world),
      (name: string) => ownAgent(of, `agt-${name}`, world),
      (name: string) => ownAgent(of, `${name}.example`, world),
    ];
    for (const ask of asked) {
      expect(refusal(() => ask("acme"))).toBeUndefined();
      const foreign = refusal(() => ask("globex"));
      expect(foreign).toContain('"error":"unknown"');
      const nobodys = refusal(() => ask("nobody"));
      expect(foreign).toEqual(nobodys?.replaceAll("nobody", "globex"));
    }
  });

  it("is everything for the vendor's own people", async () => {
    await using world = await openWorld();
    const us = caller({});
    mustBeOrderable(us, "org/globex", world);
    mustBeOwnOrg(us, "globex", world);
    expect(ownAgent(us, "globex.example", world).org).toBe("globex");
    const nobody = refusal(() => mustBeReadable(us, "org/nobody", world));
    expect(nobody).toContain("there is no feed org/nobody");
  });

  it("are own hosts alone where another org's has the same name", async () => {
    await using world = await openWorld();
    const of = caller({ role: "viewer", org: "acme" });
    expect(ownAgent(of, "shared.example", world).id).toBe("agt-acme-2");
    const both = refusal(() => ownAgent(caller({}), "shared.example", world));
    expect(both).toContain("2 agents run on hosts named shared.example");
  });
});

/** What is refused, as a client reads it. */
function refusal(ask: () => unknown): string | undefined {
  try {
    ask();
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(ApiProblem);
    expect((error as ApiProblem).status).toBeGreaterThanOrEqual(404);
    return JSON.stringify(error);
  }
}

/** Two orgs with two hosts each; one of either has the same name. */
async function openWorld() {
  const folder = temporaryFolder();
  const logs = await openLogs(folder.path, { ofDecisions: [indexTables] });
  for (const org of ["acme", "globex"]) {
    await logs.decide(
      { kind: "org-added", org, name: org },
      feedBegun(`org/${org}`),
      enrolled(`agt-${org}`, org, `${org}.example`),
      enrolled(`agt-${org}-2`, org, "shared.example"),
    );
  }
  return {
    registry: new Registry(logs.views),
    index: new FeedIndex(
      logs.views.decided,
      (seq) => logs.decisions.segmentAt(seq),
      (segment) => segment,
    ),
    [Symbol.asyncDispose]: async () => {
      await logs[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

const enrolled = (
  agent: string,
  org: string,
  hostname: string,
): AgentEnrolled => ({
  ...{ kind: "agent-enrolled", agent, org, hostname },
  ...{ tokenHash: "", publicKey: "", system: "", version: "0.5.0" },
});

function caller(more: Partial<Caller>): Caller {
  return {
    ...{ operator: "opr-1", name: "anna", role: "analyst", org: null },
    ...{ credential: "tok-1", from: "192.0.2.1", steppedUpUntil: null },
    ...{ limits: null, collection: null, ...more },
  };
}
