import { expect, it } from "@jest/globals";
import { serve } from "../cloud/process.js";
import { contact, heavyHits } from "../cloud/telemetry/items.js";
import { TestAgent } from "../support/agent/test-agent.js";
import { CloudDisk } from "../support/kernel/cloud-disk.js";
import { describeInNamespace } from "../support/kernel/namespace.js";
import { until } from "../support/time/clock.js";

describeInNamespace("a cloud whose observations' disk is full", () => {
  it("decides on, and hosts get it; what they say is taken once there is room", async () => {
    using disk = await CloudDisk.ofObservations(16);
    const who = await disk.enrol();
    await using cloud = await serve(disk.dir);
    using agent = await TestAgent.connect(disk, who);
    await agent.report(contact("203.0.113.9"));
    disk.fill();
    const refused = agent.report(contact("203.0.113.8"), heavyHits());
    await expect(refused).rejects.toThrow();

    for (let i = 1; i <= 20; i++) {
      const order = await disk.order("ban", `203.0.113.${i}`);
      expect({ i, ...order }).toMatchObject({ i, code: 0 });
      expect((await agent.nextSegment()).header.feed).toBe("urgent");
    }
    const list = Array.from({ length: 300 }, (_, n) => `45.0.${n % 250}.0/24`);
    expect((await disk.order("ban", ...new Set(list))).code).toBe(0);
    await agent.nextSegment();
    expect((await disk.order("revoke", who.agent)).code).toBe(0);
    expect((await agent.ended).reason).toBe("revoked");

    const { disk: around, observations, journal } = await disk.status();
    expect(around.state).toBe("roomy");
    expect(journal.laggingSince).toBeNull();
    expect(observations.disk?.state).not.toBe("roomy");
    expect((await disk.order("status")).out).toContain(
      "nothing that hosts say is kept; decisions go on",
    );

    disk.empty();
    await until("room", async () => {
      return (await disk.status()).observations.disk?.state === "roomy";
    });
    expect(await cloud.stop()).toBe(0);
  });

  it("takes what hosts say again once somebody made room", async () => {
    using disk = await CloudDisk.ofObservations(16);
    const who = await disk.enrol();
    await using cloud = await serve(disk.dir);
    using agent = await TestAgent.connect(disk, who);
    disk.fill();
    await expect(agent.report(heavyHits())).rejects.toThrow();
    disk.empty();
    using again = await TestAgent.connect(disk, who);
    await until("what is taken", async () => {
      const taken = await again.report(heavyHits()).catch(() => "not");
      return taken !== "not";
    });
    expect(await cloud.stop()).toBe(0);
  });

  it("starts, welcomes agents and takes orders", async () => {
    using disk = await CloudDisk.ofObservations(16);
    const who = await disk.enrol();
    {
      await using cloud = await serve(disk.dir);
      await cloud.stop();
    }
    disk.fill();
    await using cloud = await serve(disk.dir);
    using agent = await TestAgent.connect(disk, who);
    expect((await disk.order("ban", "203.0.113.2")).code).toBe(0);
    await agent.nextSegment();
    expect(await cloud.stop()).toBe(0);
  });
});
