import { describe, expect, it } from "@jest/globals";
import type { HealthCode } from "../../agent/health/catalogue.js";
import {
  look,
  raisedEarlier,
  raisedIn,
  type Health,
} from "../../agent/health/health.js";
import { TelemetryItem } from "../../agent/protocol/telemetry.js";
import { parseShape } from "../../agent/protocol/shapes.js";

const NOW = 1_800_000_000_000;
const at = (seconds: number) => ({
  now: NOW + seconds * 1000,
  monotonic: seconds * 1000,
});

/** What is told at each look: "not-enforcing raised". */
function tell(
  looks: readonly (readonly [seconds: number, ...codes: HealthCode[]])[],
  from: Health = new Map(),
): string[] {
  let health = from;
  return looks.map(([seconds, ...codes]) => {
    const findings = new Map(codes.map((code) => [code, "so it is"]));
    const result = look(health, findings, at(seconds));
    health = result.health;
    return result.items.map(({ code, state }) => `${code} ${state}`).join();
  });
}

describe("the host's health", () => {
  it("is told when a condition came to stay, once, and when it went", () => {
    expect(
      tell([
        [0, "not-enforcing"],
        [15, "not-enforcing"],
        [30, "not-enforcing"],
        [45, "not-enforcing"],
        [60],
        [75],
      ]),
    ).toEqual([
      ...["", "", "not-enforcing raised"],
      ...["", "not-enforcing cleared", ""],
    ]);
  });

  it("says nothing of a blip", () => {
    expect(
      tell([[0, "cloud-unreachable"], [15], [30, "cloud-unreachable"], [45]]),
    ).toEqual(["", "", "", ""]);
  });

  it("waits anew when a condition comes back", () => {
    expect(
      tell([[0, "not-enforcing"], [15], [30, "not-enforcing"], [45]]).join(""),
    ).toBe("");
  });

  it("does not wait with what is lasting by nature", () => {
    expect(tell([[0, "ledger-quarantined"]])).toEqual([
      "ledger-quarantined raised",
    ]);
  });

  it("clears what an earlier life of the agent had raised", () => {
    const { health } = look(
      new Map(),
      new Map([["spool-failing", "full"]]),
      at(0),
    );
    const earlier = raisedEarlier([...raisedIn(health), "unheard-of"], at(0));
    expect(tell([[0], [15]], earlier)).toEqual(["spool-failing cleared", ""]);
    expect(tell([[0, "spool-failing"]], earlier)).toEqual([""]);
  });

  it("carries severity and one line of what is known", () => {
    const findings = new Map<HealthCode, string>([
      ["clock-jumped", `by 5 s\n${"x".repeat(999)}`],
    ]);
    const [item] = look(new Map(), findings, at(0)).items;
    expect(item).toMatchObject({ time: NOW, severity: "medium" });
    expect(item?.text).toMatch(/^the clock jumped.*: by 5 s\?x+…$/);
    expect(parseShape(TelemetryItem, item, "item")).toEqual(item);
  });
});
