import { describe, expect, it } from "@jest/globals";
import { randomUUID } from "node:crypto";
import { makeEvents } from "../../../agent/events/events.js";
import { silentLogger } from "../../../agent/log/logger.js";
import type { FromAgent } from "../../../agent/protocol/wire.js";
import { ImpactWatch } from "../../../agent/walks/telemetry/impact.js";
import { answer } from "../../../agent/walks/telemetry/requests.js";
import { ManualClock } from "../../support/time/clock.js";

const impact = { ranges: ["203.0.113.0/24"] };

describe("a request", () => {
  it("of a kind that this host does not know is said to be unsupported", () => {
    const { ask, said } = host();
    ask("dance", { steps: 3 });
    expect(said).toMatchObject([
      { type: "answer", kind: "dance", result: "unsupported" },
    ]);
  });

  it("of impact that the customer has switched off is refused", () => {
    const { ask, said } = host();
    ask("impact", impact);
    expect(said).toMatchObject([
      { kind: "impact", result: "refused", why: "switched-off" },
    ]);
  });

  it("is one of twelve in a minute, whatever is asked", async () => {
    const { ask, said, clock } = host();
    for (let n = 0; n < 10; n++) ask("dance", {});
    for (let n = 0; n < 10; n++) ask("impact", impact);
    expect(said).toHaveLength(12);
    expect(
      said.filter((it) => "result" in it && it.result === "refused"),
    ).toHaveLength(2);
    await clock.advance(61_000);
    ask("dance", {});
    expect(said).toHaveLength(13);
  });
});

function host() {
  const clock = new ManualClock();
  const events = makeEvents(silentLogger);
  const watch = new ImpactWatch({
    ...{ flows: undefined, enabled: false, clock, events },
  });
  const said: FromAgent[] = [];
  const ask = (kind: string, body: object) =>
    answer(
      { type: "request", id: randomUUID(), kind, body: { ...body } },
      watch,
      (it) => void said.push(it),
    );
  return { ask, said, clock };
}
