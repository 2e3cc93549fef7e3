import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { Lab, LabHost, type LabCloud } from "../../scripts/lab/lab.js";
import { output } from "../../scripts/lab/run.js";
import type { AppliedView } from "../../service/control/carrying.js";
import { Namespace } from "../../service/selftest/stage/namespace.js";
import { describeInNamespace } from "../support/kernel/namespace.js";

/** The cloud here, and a host in a namespace of its own that no cable leads to. */
describeInNamespace("a host without any network", () => {
  let lab: Lab;
  let cloud: LabCloud;
  let alone: Namespace;
  let host: LabHost;

  beforeAll(async () => {
    lab = new Lab();
    cloud = await lab.startCloud({ port: 18_470 });
    alone = await Namespace.make();
    const folder = join(lab.folder, "alone");
    mkdirSync(folder);
    host = new LabHost(folder, alone.pid);
    const config = { stateDir: at("state"), controlSocket: host.socket };
    writeFileSync(host.config, JSON.stringify(config));
  });

  afterAll(async () => {
    await lab[Symbol.asyncDispose]();
    await alone[Symbol.asyncDispose]();
  });

  it("joins by files", async () => {
    writeFileSync(at("token"), await operator("token", "--org", "acme"));
    const token = ["--token-file", at("token")];
    await onHost("enrol", ...token, "--request-to", at("request"));
    const said = await operator("enrol-host", at("request"), at("answer"));
    expect(said).toMatch(/is enrolled as agt-\w+ of acme/);
    expect(await onHost("enrol", "--answer", at("answer"))).toMatch(
      /^enrolled as agt-\w+ of acme/,
    );
    await lab.startAgent(host);
    const { cloud: link, carried } = await host.status();
    expect(link.at).toBe("down");
    expect(carried).toBeNull();
  });

  it("holds in its kernel what a bundle brought, and its receipts prove it", async () => {
    const ranges = ["192.0.2.7", "2001:db8:bad::/48", "127.0.0.1"];
    const { decision } = await cloud.api<{ decision: string }>(
      ...(["POST", "/api/v1/bans", { ranges, for: "1h" }] as const),
    );
    await operator("bundle", "--org", "acme", at("bundle"));

    const dry = await onHost("apply", at("bundle"), "--dry-run");
    expect(dry).toMatch(/would be taken in, all of it is good/);
    expect(await kernel()).not.toContain("192.0.2.7");

    const told = await onHost(
      "apply",
      at("bundle"),
      "--receipts",
      at("receipts"),
    );
    expect(told).toMatch(/^urgent: from 0 to 3: 2 bans taken in, 1 held/m);
    const held = await kernel();
    expect(held).toContain("192.0.2.7");
    expect(held).toContain("2001:db8:bad::");
    expect(held).not.toMatch(/elements = \{[^}]*127\.0\.0\.1[^}]*expires/);

    const proven = await operator("take-receipts", at("receipts"));
    expect(proven).toMatch(/^proven: .* enforces urgent up to 3/m);
    const outcome = await operator("decision", decision);
    expect(outcome).toMatch(/held-in-part|in part/);
    const { carried, enforcing } = await host.status();
    expect(carried).not.toBeNull();
    expect(enforcing).toBe(true);
  });

  it("goes on from its receipts, with no more than what is new", async () => {
    const { agent } = JSON.parse(readFileSync(at("receipts"), "utf8")) as {
      agent: string;
    };
    await operator("ban", "192.0.2.8", "--reason", "carried");
    await operator("lift", "192.0.2.7");
    const made = await operator("bundle", "--agent", agent, at("next"));
    expect(made).toMatch(/^urgent: from 3 to 5, 2 segments$/m);
    const applied = JSON.parse(
      await onHost("apply", at("next"), "--json"),
    ) as AppliedView;
    expect(applied.feeds[0]).toMatchObject({
      ...{ feed: "urgent", standing: "moves", banned: 1, lifted: 1 },
    });
    const held = await kernel();
    expect(held).toContain("192.0.2.8");
    expect(held).not.toContain("192.0.2.7");
    await onHost("receipts", at("receipts"));
    const proven = await operator("take-receipts", at("receipts"));
    expect(proven).toMatch(/^proven: .* enforces urgent up to 5/m);
  });

  it("keeps what it has when a bundle is cut, or older than that", async () => {
    const before = await kernel();
    writeFileSync(at("cut"), readFileSync(at("next")).subarray(0, -100));
    await expect(onHost("apply", at("cut"))).rejects.toThrow(/is cut off in/);
    await expect(onHost("apply", at("bundle"))).rejects.toThrow(
      /older than what this host has: urgent is at \w+\/5 here/,
    );
    expect(bansIn(await kernel())).toEqual(bansIn(before));
  });

  it("is whole again by a bundle after its ledger was lost", async () => {
    host.process?.kill("SIGKILL");
    await host.process?.ended;
    writeFileSync(at("state/ledger.db"), Buffer.alloc(65_536));
    await lab.startAgent(host);
    expect(bansIn(await kernel())).toContain("192.0.2.8");
    await operator("ban", "192.0.2.9", "--reason", "carried");
    await operator("bundle", "--org", "acme", at("whole"));
    await onHost("apply", at("whole"), "--receipts", at("receipts"));
    const held = bansIn(await kernel());
    expect(held).toEqual(expect.arrayContaining(["192.0.2.8", "192.0.2.9"]));
    expect((await host.status()).enforcing).toBe(true);
    const proven = await operator("take-receipts", at("receipts"));
    expect(proven).toMatch(/^proven: .* enforces urgent up to 6/m);
  });

  const at = (name: string) => join(host.folder, name);

  const onHost = (...args: readonly string[]) => output(host.command(...args));

  const operator = (...args: readonly string[]) =>
    output([cloud.build.cloud, ...args, "--dir", cloud.dir]);

  /** What the host's own kernel holds, by its own words. */
  const kernel = () =>
    output(alone.command("nft", "list", "table", "inet", "tourniquet"));
});

const bansIn = (listing: string): readonly string[] =>
  [...listing.matchAll(/192\.0\.2\.\d+|2001:db8:[\w:]+/g)].map(([ban]) => ban);
