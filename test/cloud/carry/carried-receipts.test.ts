import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Agent } from "../../../agent/agent.js";
import type { CarriedReceipts } from "../../../agent/protocol/carried.js";
import type { Receipt } from "../../../agent/protocol/documents.js";
import { generateKey } from "../../../agent/trust/keys.js";
import { signAsDevice } from "../../../agent/trust/sign.js";
import { readIdentity } from "../../../service/identity/identity-store.js";
import { bundleOf, handIn, lonelyHost } from "../../support/cloud/carried.js";
import {
  eventually,
  startTestCloud,
  type TestCloud,
} from "../../support/cloud/cloud.js";
import { TestFolder } from "../../support/folder.js";
import { operatorOf, type Ran } from "../cli/operator.js";

describe("receipts that were carried back", () => {
  const folder = new TestFolder();
  let cloud: TestCloud;
  let agent: Agent;
  let run: (...args: readonly string[]) => Promise<Ran>;
  let carried: CarriedReceipts;

  beforeAll(async () => {
    cloud = await startTestCloud();
    run = operatorOf(cloud);
    const org = await cloud.addOrg("example");
    agent = await lonelyHost(cloud, folder, org);
    await cloud.ban("203.0.113.1");
    await cloud.ban("203.0.113.2", { feed: "reputation" });
    await handIn(agent, await bundleOf(cloud));
    carried = agent.carried.receipts();
  });

  afterAll(async () => {
    await agent[Symbol.asyncDispose]();
    await cloud[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });

  it("that another key signed are refused by name, and others are not held up", async () => {
    const [first, second] = receiptsOf(carried);
    const [mine] = carried.receipts;
    const stranger = signAsDevice("receipt", second, generateKey(), 2);
    const mixed = { ...carried, receipts: [mine!, stranger] };
    const taken = await take(mixed);
    expect(taken.code).toBe(3);
    expect(taken.out).toMatch(
      new RegExp(
        `^proven: .*\\(${carried.agent}\\) enforces ${first!.position.feed} up to 1`,
        "m",
      ),
    );
    expect(taken.out).toMatch(
      new RegExp(
        `^refused: a receipt of ${carried.agent}: it is not signed by the key of`,
        "m",
      ),
    );
    expect(taken.err).toMatch(/1 of 2 receipts of .* prove nothing/);
  });

  it("are kept once, and a decision counts them", async () => {
    const taken = await take(carried);
    expect(taken.code).toBe(0);
    expect(taken.out).toMatch(/^known already: /m);
    expect(taken.out).toMatch(/^proven: .* enforces reputation up to 1/m);
    const count = async () => {
      const { out } = await run("receipts", "--agent", carried.agent);
      return out.match(/\d enforce /g)?.length ?? 0;
    };
    await eventually(async () => ((await count()) === 2 ? true : undefined));
    expect(await count()).toBe(2);
  });

  it("that are signed as version 1 does are no such receipts", async () => {
    const { deviceKey } = readIdentity(folder.path);
    const [first] = receiptsOf(carried);
    const older = signAsDevice("receipt", first, deviceKey);
    const { code, out } = await take({ ...carried, receipts: [older] });
    expect(code).toBe(1);
    expect(out).toMatch(/^refused: .*it is not signed by the key of/);
  });

  it("of positions that this cloud never had are told, and kept as evidence", async () => {
    const { deviceKey } = readIdentity(folder.path);
    const [first] = receiptsOf(carried);
    const position = { ...first!.position, hash: "01".repeat(32) };
    const other = signAsDevice("receipt", { ...first, position }, deviceKey, 2);
    const { out } = await take({ ...carried, receipts: [other] });
    expect(out).toMatch(/^DIVERGES from this cloud's history/);
    const ahead = { ...first!.position, offset: 9 };
    const beyond = signAsDevice(
      "receipt",
      { ...first, position: ahead },
      deviceKey,
      2,
    );
    const told = await take({ ...carried, receipts: [beyond] });
    expect(told.out).toMatch(/^DIVERGES/);
  });

  it("in a file that is of another agent, cloud or feed are refused", async () => {
    const { agent: other } = await cloud.enrol("example", "other.example");
    const theirs = await take({ ...carried, agent: other });
    expect(theirs.out).toMatch(/^refused: .*it is not signed by the key of/);
    const nobodys = await take({ ...carried, agent: "agt-none" });
    expect(nobodys.out).toMatch(
      /^refused: a receipt of agt-none: nobody is agt-none/,
    );
    const elsewhere = await take({ ...carried, cloud: "elsewhere" });
    expect(elsewhere.out).toMatch(
      /they are for the cloud elsewhere, and this is test-cloud/,
    );
    const { deviceKey } = readIdentity(folder.path);
    const [first] = receiptsOf(carried);
    const position = { ...first!.position, feed: "org/acme" };
    const strange = signAsDevice(
      "receipt",
      { ...first, position },
      deviceKey,
      2,
    );
    const { out } = await take({ ...carried, receipts: [strange] });
    expect(out).toMatch(
      /for org\/acme: hosts of example do not follow org\/acme/,
    );
  });

  it("in what is no such file are not looked at", async () => {
    const path = folder.file("nonsense", "{}");
    const { code, err } = await run("take-receipts", path);
    expect(code).toBe(2);
    expect(err).toMatch(/FILE ".*nonsense": malformed/);
  });

  it("of a host that was revoked are refused by its name", async () => {
    await run("revoke", carried.agent);
    const { code, out } = await take(carried);
    expect(code).toBe(1);
    expect(out).toMatch(
      new RegExp(`^refused: .*${carried.agent} \\(host.example\\) was revoked`),
    );
    const bundle = await run(
      "bundle",
      "--agent",
      carried.agent,
      join(folder.path, "x"),
    );
    expect(bundle).toMatchObject({ code: 2 });
    expect(bundle.err).toMatch(/was revoked/);
  });

  function take(file: unknown): Promise<Ran> {
    const path = join(folder.path, "receipts");
    writeFileSync(path, JSON.stringify(file));
    return run("take-receipts", path);
  }
});

const receiptsOf = ({ receipts }: CarriedReceipts): readonly Receipt[] =>
  receipts.map(({ signed }) => JSON.parse(signed) as Receipt);
