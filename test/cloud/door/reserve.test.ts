import http from "node:http";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { SUBPROTOCOL } from "../../../agent/protocol/messages.js";
import { systemClock } from "../../../agent/runtime/clock.js";
import { foundCloud } from "../../../cloud/setup.js";
import { TestAgent } from "../../support/agent/test-agent.js";
import { startTestCloud, temporaryFolder } from "../../support/cloud/cloud.js";
import { ManualClock } from "../../support/time/clock.js";

describe("a place where an agent was welcomed", () => {
  it("is let in while strangers from a thousand networks use up everybody's turn", async () => {
    using folder = temporaryFolder();
    const dir = join(folder.path, "cloud");
    const founding = { dir, name: "test-cloud", publicUrl: undefined };
    foundCloud({ ...founding, listen: "127.0.0.1:0" }, systemClock);
    const who = await (async () => {
      await using earlier = await startTestCloud({ dir });
      const enrolled = await earlier.enrol();
      using agent = await TestAgent.connect(earlier, enrolled);
      expect(agent.welcome.agent).toBe(enrolled.agent);
      return enrolled;
    })();
    const clock = new ManualClock(Date.now()); // nothing is earned meanwhile
    await using cloud = await startTestCloud({ dir, clock });
    const statuses: number[] = [];
    for (let round = 0; round < 8; round++) {
      const crowd = Array.from({ length: 100 }, (_, i) =>
        upgrade(cloud.url, `127.${round + 1}.${i}.1`),
      );
      statuses.push(...(await Promise.all(crowd)));
    }
    expect(statuses).toContain(503);
    for (let i = 0; i < 10; i++) {
      using agent = await TestAgent.connect(cloud, who);
      expect(agent.welcome.agent).toBe(who.agent);
    }
  });
});

/** The status of an upgrade from an address of loopback; it is not gone on with. */
function upgrade(url: string, localAddress: string): Promise<number> {
  const headers = {
    ...{ connection: "Upgrade", upgrade: "websocket" },
    "sec-websocket-version": "13",
    "sec-websocket-key": Buffer.alloc(16).toString("base64"),
    "sec-websocket-protocol": SUBPROTOCOL,
  };
  return new Promise((resolve, reject) => {
    const options = { headers, localAddress, agent: false };
    const asked = http.get(`${url}/v1/agent`, options, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    asked.on("upgrade", (_response, socket) => {
      socket.destroy();
      resolve(101);
    });
    asked.on("error", reject);
  });
}
