import { expect, it } from "@jest/globals";
import { serve } from "../cloud/process.js";
import { contact, heavyHits } from "../cloud/telemetry/items.js";
import { TestAgent } from "../support/agent/test-agent.js";
import { CloudDisk } from "../support/kernel/cloud-disk.js";
import { describeInNamespace } from "../support/kernel/namespace.js";
import { until } from "../support/time/clock.js";

const MANY = { agentBurstMiB: 1_000, orgBurstMiB: 1_000 };

describeInNamespace("a cloud whose disk fills up", () => {
  it("stops taking telemetry first, and goes on with bans and lifts", async () => {
    using disk = await CloudDisk.ofAll(24);
    disk.set({ telemetry: MANY });
    const who = await disk.enrol();
    await using cloud = await serve(disk.dir);
    using agent = await TestAgent.connect(disk, who);
    let taken = 0;
    const report = () =>
      agent.report(contact("203.0.113.9"), heavyHits(), heavyHits());
    while (taken < 2_000) {
      const answered = await report().catch(() => "not taken");
      if (answered === "not taken") break;
      taken += 1;
    }
    expect(taken).toBeGreaterThan(10);
    expect(taken).toBeLessThan(1_000);
    const { disk: room, drops } = await disk.status();
    expect(room.state).not.toBe("roomy");
    expect(room.freeBytes).toBeGreaterThan(0);
    expect(room.reserveLeftBytes).toBe(room.reserveBytes);
    expect(drops["telemetry-no-room"]?.count).toBeGreaterThan(0);
    for (const order of ["ban", "lift"]) {
      expect((await disk.order(order, "203.0.113.7")).code).toBe(0);
      expect((await agent.nextSegment()).header.feed).toBe("urgent");
    }
    expect(agent.socket.readyState).toBe(agent.socket.OPEN);
    expect(await cloud.stop()).toBe(0);
  });

  it("takes orders from a reserve when others leave no room at all", async () => {
    using disk = await CloudDisk.ofAll(24);
    const who = await disk.enrol();
    await using cloud = await serve(disk.dir);
    using agent = await TestAgent.connect(disk, who);
    await until("a whole reserve", async () => {
      const { reserveLeftBytes, reserveBytes } = (await disk.status()).disk;
      return reserveLeftBytes === reserveBytes;
    });
    disk.fill();
    for (let i = 1; i <= 6; i++) {
      const order = await disk.order("ban", `203.0.113.${i}`);
      expect({ i, ...order }).toMatchObject({ i, code: 0 });
      await agent.nextSegment();
    }
    expect((await disk.order("lift", "203.0.113.1")).code).toBe(0);
    await agent.nextSegment();
    expect(await disk.bansOf("urgent")).toBe(5);
    expect((await disk.status()).disk.state).toBe("orders-only");
    expect(await cloud.stop()).toBe(0);
  });

  it("refuses what finds no room, tells so, and goes on once there is some", async () => {
    using disk = await CloudDisk.ofAll(24);
    const who = await disk.enrol();
    disk.set({ disk: { reserveMiB: 1 } });
    await using cloud = await serve(disk.dir);
    using agent = await TestAgent.connect(disk, who);
    let refused = await disk.order("ban", "198.51.100.1");
    await agent.nextSegment();
    for (let i = 0; i < 40 && refused.code === 0; i++) {
      disk.fill(); // what the reserve gives up and nobody used is taken as well
      const ranges = Array.from({ length: 250 }, (_, n) => `45.${i}.${n}.0/24`);
      refused = await disk.order("ban", ...ranges);
    }
    expect(refused.code).toBe(1);
    expect(refused.err).toContain("is full");
    expect(agent.socket.readyState).toBe(agent.socket.OPEN);
    disk.empty();
    await until("an order that is taken", async () => {
      const { code } = await disk.order("ban", "203.0.113.9");
      return code === 0;
    });
    const { journal } = await disk.status();
    expect(journal.laggingSince).toBeNull();
    await agent.report(heavyHits());
    expect(await cloud.stop()).toBe(0);
  });

  it("starts, welcomes agents and takes orders on a disk without room", async () => {
    using disk = await CloudDisk.ofAll(24);
    const who = await disk.enrol();
    {
      await using cloud = await serve(disk.dir);
      expect((await disk.order("ban", "203.0.113.1")).code).toBe(0);
      await until("a whole reserve", async () => {
        const { reserveLeftBytes, reserveBytes } = (await disk.status()).disk;
        return reserveLeftBytes === reserveBytes;
      });
      await cloud.stop();
    }
    disk.fill();
    await using cloud = await serve(disk.dir);
    using agent = await TestAgent.connect(disk, who);
    await agent.nextSegment();
    expect((await disk.order("ban", "203.0.113.2")).code).toBe(0);
    await agent.nextSegment();
    expect((await disk.order("lift", "203.0.113.2")).code).toBe(0);
    await agent.nextSegment();
    const { out } = await disk.order("status");
    expect(out).toContain(
      "NEARLY FULL: only operators' orders and identities are taken",
    );
    expect(await cloud.stop()).toBe(0);
  });
});
