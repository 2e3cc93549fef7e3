import { describe, expect, it } from "@jest/globals";
import BetterSqlite3 from "better-sqlite3";
import type { DecisionEvent } from "../../../cloud/journal/decision-events.js";
import type { AgentSeen } from "../../../cloud/journal/observation-events.js";
import { presenceTables } from "../../../cloud/registry/presence.projection.js";
import { Registry } from "../../../cloud/registry/registry.js";
import { registryTables } from "../../../cloud/registry/registry.projection.js";

describe("who reads only version 1 of the protocol", () => {
  it("are those that enrolled with an older program, until they say hello by version 2", () => {
    const { registry, fold } = registryOf();
    fold(enrolled("old", "acme", "0.3.0"), enrolled("new", "acme", "0.4.0"));
    expect(idsOf(registry)).toEqual(["old"]);
    fold({ kind: "agent-seen", agent: "old", version: "0.4.1", protocol: 2 });
    expect(idsOf(registry)).toEqual([]);
  });

  it("are those that went back to an older program", () => {
    const { registry, fold } = registryOf();
    fold(enrolled("host", "acme", "0.4.0"));
    fold({ kind: "agent-seen", agent: "host", version: "0.3.0" });
    expect(idsOf(registry)).toEqual(["host"]);
    expect(registry.agent("host")?.protocol).toBe(1);
  });

  it("are the same ones, whichever of the two logs is read first", () => {
    const { registry, fold } = registryOf();
    fold({ kind: "agent-seen", agent: "host", version: "0.3.0" });
    expect(registry.agent("host")).toBeUndefined();
    fold(enrolled("host", "acme", "0.4.0"));
    expect(registry.agent("host")).toMatchObject({ protocol: 1, lastSeen: 1 });
    expect(idsOf(registry)).toEqual(["host"]);
  });

  it("are of one org where one is asked for, and neither revoked nor forgotten", () => {
    const { registry, fold } = registryOf();
    for (const agent of ["kept", "revoked", "forgotten"]) {
      fold(enrolled(agent, "acme", "0.1.0"));
    }
    fold(enrolled("other", "globex", "0.1.0"));
    fold({ kind: "agent-revoked", agent: "revoked", by: "first" });
    fold({ kind: "agent-forgotten", agent: "forgotten", by: "first" });
    expect(idsOf(registry, "acme")).toEqual(["kept"]);
    expect(idsOf(registry)).toEqual(["kept", "other"]);
  });

  it("are those whose version nobody understands", () => {
    const { registry, fold } = registryOf();
    fold(enrolled("odd", "acme", "nightly"), enrolled("next", "acme", "1.0.0"));
    expect(idsOf(registry)).toEqual(["odd"]);
  });
});

const idsOf = (registry: Registry, org?: string): readonly string[] =>
  registry.readersOfV1Only(org).map(({ id }) => id);

const enrolled = (
  agent: string,
  org: string,
  version: string,
): DecisionEvent => ({
  kind: "agent-enrolled",
  agent,
  org,
  tokenHash: "",
  publicKey: "",
  hostname: "",
  system: "",
  version,
});

function registryOf() {
  const decided = new BetterSqlite3(":memory:");
  const observed = new BetterSqlite3(":memory:");
  decided.exec(registryTables.tables);
  observed.exec(presenceTables.tables);
  const decide = registryTables.fold(decided);
  const see = presenceTables.fold(observed);
  let seq = 0;
  const fold = (...events: readonly (DecisionEvent | AgentSeen)[]): void => {
    for (const event of events) {
      seq += 1;
      const at = { seq, at: seq };
      if (event.kind !== "agent-seen") decide({ ...at, event });
      else see({ ...at, agent: event.agent, spool: "", number: seq, event });
    }
  };
  return { registry: new Registry({ decided, observed }), fold };
}
