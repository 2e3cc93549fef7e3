import { describe, expect, it } from "@jest/globals";
import { watch } from "../../service/cli/watching.js";
import { PLAIN } from "../../service/terminal/paint.js";
import { ban } from "../support/agent/agent-fixtures.js";
import { Control } from "../support/agent/control.js";
import { eventually } from "../support/cloud/cloud.js";
import { FakeFeed } from "../support/cloud/fake-cloud.js";

describe("tourniquet watch", () => {
  it("prints what happens, and leaves nothing else behind", async () => {
    await using control = await Control.start();
    const stop = new AbortController();
    const written: string[] = [];
    const write = (text: unknown) => written.push(String(text)) > 0;
    const out = { isTTY: true, write };
    const watching = { socket: control.path, stop: stop.signal, out };
    const done = watch({ ...watching, paint: PLAIN });
    await eventually(() => (written.length > 0 ? true : undefined));
    await control.host.carryOut(
      new FakeFeed().append([ban("203.0.113.7"), ban("203.0.113.8")]),
    );
    const line = /^[\d:]+ {2}urgent: 2 bans: scanning\n$/;
    await eventually(() => written.some((it) => line.test(it)) || undefined);
    stop.abort();
    await done;
    expect(written.at(-1)).toBe("\u001b[2A\r\u001b[0J");
    const shows = written.filter((it) => it.split("\n").length === 3);
    const wipes = written.filter((it) => it.startsWith("\u001b["));
    expect(wipes).toHaveLength(shows.length);
  });
});
