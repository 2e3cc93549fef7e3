import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  afterEach,
  beforeEach,
  describe,
  expect,
  it,
  jest,
} from "@jest/globals";
import type { Agent } from "../../agent/agent.js";
import { systemBanClock } from "../../agent/runtime/clock.js";
import type { TelemetryView } from "../../agent/walks/telemetry/telemetry-ports.js";
import { run } from "../../service/cli/cli.js";
import { startControlServer } from "../../service/control/server.js";
import { detection, SpoolFolder, vitals } from "../spool/items.js";

describe("tourniquet telemetry show", () => {
  let folder: SpoolFolder;
  let view: TelemetryView | undefined;
  let server: AsyncDisposable;
  let config: string;

  beforeEach(async () => {
    folder = new SpoolFolder();
    config = join(folder.folder, "config.yaml");
    const socketPath = join(folder.folder, "control.sock");
    writeFileSync(config, `controlSocket: ${socketPath}\n`);
    server = await startControlServer({
      socketPath,
      // Of an agent, this answer needs its telemetry and nothing else.
      agent: { telemetry: { view: () => view } } as unknown as Agent,
      clock: systemBanClock,
      version: "0.1.0",
    });
  });
  afterEach(async () => {
    await server[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });

  const show = async (...flags: string[]): Promise<string> => {
    let said = "";
    const write = jest
      .spyOn(process.stdout, "write")
      .mockImplementation((text) => {
        said += String(text);
        return true;
      });
    try {
      const argv = ["node", "tourniquet", "-c", config, "telemetry", "show"];
      await run([...argv, ...flags], new AbortController().signal);
    } finally {
      write.mockRestore();
    }
    return said;
  };

  const waiting = (): TelemetryView => {
    const spool = folder.open();
    spool.append([vitals(1), detection(2)], 0);
    return {
      ...{ spool: spool.id, inFlight: false, next: spool.next() },
      ...spool.counts(),
    };
  };

  it("prints the message as it is sent, and what was sent before", async () => {
    view = waiting();
    expect(JSON.parse(await show("--json"))).toEqual({ spool: view });
  });

  it("prints for people one item a line, by its number", async () => {
    view = waiting();
    const lines = (await show()).trimEnd().split("\n");
    expect(lines[0]).toContain("2 items wait");
    expect(lines[1]).toBe(
      "numbers: 2 given, 0 sent, 0 acknowledged; 0 items dropped unsent",
    );
    expect(lines[2]).toMatch(/^sent next: one message of 2 items, \d+ bytes$/);
    expect(lines.slice(3)).toEqual([
      `1 ${JSON.stringify(vitals(1))}`,
      `2 ${JSON.stringify(detection(2))}`,
    ]);
  });

  it("says when nothing is to be sent, and when nothing can be", async () => {
    view = { ...waiting(), next: undefined };
    expect(await show()).toMatch(/nothing is to be sent\n$/);
    view = undefined;
    expect(await show()).toContain("no spool is open");
  });
});
