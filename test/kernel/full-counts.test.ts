import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import type { Enforcer } from "../../agent/enforce/enforcer.js";
import { openNftables } from "../../agent/enforce/nftables/open.js";
import { systemBanClock } from "../../agent/runtime/clock.js";
import { Lab, type LabHost } from "../../scripts/lab/lab.js";
import { output, start, until, type Running } from "../../scripts/lab/run.js";
import { readUnit } from "../../scripts/lab/unit.js";
import type { HitView } from "../../service/control/hits-view.js";
import { crowd } from "../support/kernel/crowd.js";
import { describeInNamespace } from "../support/kernel/namespace.js";
import { packageRoot } from "../support/vectors.js";

describeInNamespace(
  "an agent as its unit starts it, with every count taken",
  () => {
    let lab: Lab;
    let host: LabHost;
    let kernel: Enforcer;
    let agent: Running;

    beforeAll(async () => {
      lab = new Lab();
      const cloud = await lab.startCloud({ port: 18_475 });
      host = await lab.startHost(cloud, "host");
      host.process?.kill("SIGTERM");
      await host.process?.ended;
      kernel = await openNftables(systemBanClock);
      await crowd();
      await run();
      // Once it has every feed: the kernel keeps what it had till then.
      const observes = () => output(host.command("observe"));
      await until("the host observes", () =>
        observes().then(
          () => true,
          () => undefined,
        ),
      );
    });

    afterAll(async () => {
      agent.kill("SIGTERM");
      await agent.ended;
      await lab[Symbol.asyncDispose]();
      await kernel.cleanUp();
      await kernel[Symbol.asyncDispose]();
    });

    it("reads them, makes room, and answers three who ask at once", async () => {
      await hasMadeRoom();
      await crowd();
      const path = "/v1/hits?limit=10000";
      const answers = await Promise.all(
        [1, 2, 3].map(() => host.ask<readonly HitView[]>(path)),
      );
      expect(answers.map(({ length }) => length)).toEqual(
        Array(3).fill(10_000),
      );
      expect(await stillRuns()).toBe(true);
    });

    it("ends and starts again on them", async () => {
      await crowd();
      agent.kill("SIGTERM");
      expect(await agent.ended).toBe(0);
      await crowd();
      await run();
      await hasMadeRoom();
      expect(await stillRuns()).toBe(true);
      expect(readFileSync(host.log, "utf8")).not.toContain("FATAL ERROR");
    });

    async function run(): Promise<void> {
      const program = join(packageRoot, "dist/service/main.js");
      agent = start({
        command: [
          ...[process.execPath, ...readUnit("tourniquet").flags, program],
          ...["-c", host.config, "run"],
        ],
        log: host.log,
      });
      await until("the agent answers", () => host.status());
    }

    /** Which it does once it has read all of them, and written down how many. */
    async function hasMadeRoom(): Promise<void> {
      const hasRoom = async () => {
        if (!(await kernel.hits()).crowded) return true;
        return sleep(500, undefined); // to read them takes the agent's turn
      };
      await until("room", hasRoom, 90_000);
    }

    async function stillRuns(): Promise<boolean> {
      const ended = agent.ended.then(() => false);
      return Promise.race([ended, host.status().then(() => true)]);
    }
  },
);
