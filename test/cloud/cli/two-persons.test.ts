import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, jest } from "@jest/globals";
import type { WaitsTold } from "../../../cloud/cli/ask-bans.js";
import { startTestCloud, type TestCloud } from "../../support/cloud/cloud.js";
import { letIn } from "../../support/cloud/people.js";
import { documentsIn, operatorOf } from "./operator.js";

jest.setTimeout(60_000);

const WIDE = "45.8.0.0/15";

/** Commands at the cloud's own door, as whoever has the token. */
function peopleOf(cloud: TestCloud) {
  const run = operatorOf(cloud);
  const path = join(cloud.dir, "operator.token");
  return (token: string) =>
    (...args: readonly string[]) => {
      writeFileSync(path, `${token}\n`);
      return run(...args);
    };
}

const stageOf = async () => {
  const cloud = await startTestCloud({ twoPersons: { flows: null } });
  const first = readFileSync(join(cloud.dir, "operator.token"), "utf8").trim();
  return { cloud, first, as: peopleOf(cloud) };
};

describe("tourniquet-cloud, with a dangerous order,", () => {
  it("says that it waits, what comes next, and has somebody else release it", async () => {
    const { cloud: opened, first, as } = await stageOf();
    await using cloud = opened;
    const alone = await as(first)("ban", WIDE);
    expect(alone.code).toBe(4);
    expect(alone.out).toContain("nobody else here may release it");
    const { token } = await letIn(cloud, { name: "bo", role: "approver" });
    const [admin, bo] = [as(first), as(token)];
    const order = ["ban", WIDE, "--reason", "all of it"];
    const waits = await admin(...order);
    expect(waits).toMatchObject({
      code: 4,
      err: expect.stringMatching(
        /^tourniquet-cloud: prp-\w+ waits for a second person; nothing was done yet$/,
      ),
    });
    const [id = ""] = /prp-\w+/.exec(waits.out) ?? [];
    expect(waits.out).toContain(`takes two persons: ${WIDE} is wider`);
    expect(waits.out).toContain(
      `next: "tourniquet-cloud proposals release ${id}" by somebody else, until 20`,
    );
    expect(waits.out).toContain("1 other person here may release it");
    const [told] = documentsIn<WaitsTold>(
      (await admin(...order, "--json")).out,
    );
    expect(told).toMatchObject({ others: 1, dangers: [{ why: "wide" }] });

    const listed = await bo("proposals");
    expect(listed.out).toContain(`ban ${WIDE} in urgent`);
    const cutOff = await bo("proposals", "--limit", "1");
    expect(cutOff.out).toMatch(/the first 1 row; --limit shows more$/);
    const shown = await bo("proposals", "show", id);
    expect(shown.out).toContain("reason: all of it");
    expect(shown.out.split("\n")).toContain(WIDE);
    const own = await admin("proposals", "release", id);
    expect(own).toMatchObject({
      ...{ code: 2, err: expect.stringContaining("somebody else releases it") },
    });
    expect((await bo("proposals", "release", id)).out).toMatch(
      /^released prp-\w+ \(dec-\w+\)$/,
    );
    expect((await bo("bans", WIDE)).out).toContain("all of it");
    const refuse = ["proposals", "refuse", told!.proposal, "--reason", "twice"];
    const wrong = await admin(...refuse, "--wrong");
    expect(wrong).toMatchObject({
      ...{ code: 2, err: expect.stringContaining("and this is an order") },
    });
    expect((await admin(...refuse)).code).toBe(0);
  });

  it("says on a dry run that it would wait", async () => {
    const { cloud: opened, first, as } = await stageOf();
    await using _cloud = opened;
    const dry = await as(first)("ban", WIDE, "--dry-run");
    expect(dry.err).toContain(`would wait for a second person: ${WIDE} is`);
  });

  it("breaks the glass, and reminds everybody until somebody else has reviewed it", async () => {
    const { cloud: opened, first, as } = await stageOf();
    await using cloud = opened;
    const { token } = await letIn(cloud, { name: "bo", role: "approver" });
    const [admin, bo] = [as(first), as(token)];
    const why = ["--break-glass", "it burns"];
    const long = await admin("ban", WIDE, "--for", "2d", ...why);
    expect(long).toMatchObject({
      ...{ code: 2, err: expect.stringContaining("lasts a day at most") },
    });
    const done = await admin("ban", WIDE, ...why);
    expect(done.err).toContain("the glass is broken: somebody else reviews it");
    const [id = ""] = /gls-\w+/.exec(done.err) ?? [];
    expect((await bo("status")).out).toContain("BROKEN GLASS: 1 order");
    expect((await bo("proposals")).err).toContain(
      "ALARM: admin broke the glass",
    );
    expect((await bo("break-glass", "list")).out).toContain(`ban of ${WIDE}`);
    const review = ["break-glass", "review", id, "not-justified"];
    const reason = ["--reason", "it could wait"];
    expect((await admin(...review, ...reason)).code).toBe(2);
    expect((await bo(...review, ...reason)).out).toBe(
      `${id} is found not-justified`,
    );
    expect((await bo("status")).out).not.toContain("BROKEN GLASS");
    const all = await bo("break-glass", "list", "--all", "--json");
    expect(documentsIn(all.out)).toMatchObject([
      { glass: id, by: "admin", reviewedBy: "bo", bySelf: false },
    ]);
  });
});
