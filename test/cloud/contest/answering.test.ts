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
