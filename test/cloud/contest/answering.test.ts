import { describe, expect, it } from "@jest/globals";
import { parseCidr } from "../../../agent/model/cidr.js";
import type { Caller } from "../../../cloud/operators/caller.js";
import { ban, letIn, Stage } from "../two-persons/stage.js";

const BANNED = "203.0.113.7";

describe("who had a part in a ban", () => {
  const WIDE = "45.8.0.0/15";
  const refused = {
    ...({ verdict: "refused", answer: "no" } as const),
    forSeconds: undefined,
  };

  it("answers no contest of it, nor who released it, while there is somebody else", async () => {
    await using stage = new Stage();
    await using cloud = await stage.open({ flows: null });
    const ann = await letIn(cloud, "ann", "approver");
    const bo = await letIn(cloud, "bo", "approver");
    const cy = await letIn(cloud, "cy", "approver");
    const asked = await cloud.orders.ban(ann, ban([WIDE]));
    if (asked.kind !== "waits") throw new Error("it was carried out at once");
    await cloud.proposing.release({
      ...{ caller: bo, id: asked.waiting.id, reason: "I looked" },
      mustStand: () => undefined,
    });
    const proof = { proof: "operator", by: "cy" } as const;
    const host = parseCidr("45.8.1.1");
    const about = { host, why: "it is ours", contact: "" };
    const { contest } = await cloud.contesting.open(about, proof);
    const answer = (caller: Caller) =>
      cloud.answering.answer(caller, contest, refused);
    await expect(answer(ann)).rejects.toThrow("ann ordered");
    await expect(answer(bo)).rejects.toThrow("bo ordered");
    const { contest: answered } = await answer(cy);
    expect(answered.answered).toMatchObject({ by: "cy", bySelf: false });
  });

  it("answers none once undos brought the ban back, which counts as theirs", async () => {
    await using stage = new Stage();
    await using cloud = await stage.open({ enabled: false });
    const ann = await letIn(cloud, "ann", "approver");
    await letIn(cloud, "bo", "approver");
    const cy = await letIn(cloud, "cy", "approver");
    const dan = await letIn(cloud, "dan", "approver");
    const undo = async (undoes: string | undefined, by: string) => {
      const wish = { by, reason: "a mistake", wrong: false, dryRun: false };
      const done = await cloud.undos.undo({ undoes: undoes ?? "", ...wish });
      return done.decision?.decision;
    };
    const cidr = parseCidr(BANNED);
    const terms = { forSeconds: 14_400, reason: "seen", observed: false };
    const mandate = { feed: "urgent", by: "rule:several-orgs" } as const;
    const { decision: ruled } = await cloud.deeds.ban(
      { ...mandate, evidence: [1], confidence: 0.8, orgs: ["a"] },
      ...([[cidr], terms] as const),
    );
    const byRule = await undo(await undo(ruled, "bo"), "cy");
    const order = ban([BANNED], { feed: "reputation" });
    const asked = await cloud.orders.ban(ann, order);
    if (asked.kind !== "done") throw new Error("it was not carried out");
    const ordered = asked.done.decision?.decision;
    let byAnn = ordered;
    for (const by of ["bo", "cy", "bo", "cy"]) byAnn = await undo(byAnn, by);
    const proof = { proof: "operator", by: "dan" } as const;
    const about = { host: cidr, why: "it is ours", contact: "" };
    const { contest } = await cloud.contesting.open(about, proof);
    const answer = (caller: Caller) =>
      cloud.answering.answer(caller, contest, {
        ...{ verdict: "released", answer: "sorry", forSeconds: undefined },
      });
    await expect(answer(ann)).rejects.toThrow(`ann ordered ${ordered}`);
    await expect(answer(cy)).rejects.toThrow("cy ordered");
    const { contest: told } = await answer(dan);
    const all = [byRule, byAnn, ruled, ordered];
    for (const each of all) expect(told.about).toContain(each);
    expect(told.answered?.bySelf).toBe(false);
    const blames = "SELECT id, why FROM blames WHERE org = 'a'";
    expect(cloud.views.decided.prepare(blames).all()).toEqual([
      { id: ruled, why: "released" },
    ]);
  });

  it("answers after all where all had a part, and the record says so", async () => {
    await using stage = new Stage();
    await using cloud = await stage.open({ enabled: false });
    const ann = await letIn(cloud, "ann", "approver");
    const bo = await letIn(cloud, "bo", "approver");
    const [{ id: operator } = { id: "" }] = cloud.operators.named("admin");
    const gone = { kind: "operator-changed", disabled: true } as const;
    await cloud.append({ ...gone, operator, by: "ann" });
    await cloud.orders.ban(ann, ban([BANNED]));
    await cloud.orders.ban(bo, ban([BANNED], { feed: "reputation" }));
    const proof = { proof: "operator", by: "bo" } as const;
    const about = { host: parseCidr(BANNED), why: "it is ours", contact: "" };
    const { contest } = await cloud.contesting.open(about, proof);
    const came = await cloud.answering.answer(bo, contest, refused);
    expect(came.contest.answered).toMatchObject({ by: "bo", bySelf: true });
  });
});
