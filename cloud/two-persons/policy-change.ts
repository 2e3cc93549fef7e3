import { NotOpen } from "../decide/settling.js";
import type { Policies } from "../policies/policies.js";
import { isPolicyProblem } from "../policies/problems.js";
import type { ChangeKind } from "./changes.js";

/** Publishes the policy of an org that a second person has released. */
export const policyChange = (
  policies: Pick<Policies, "publish">,
): ChangeKind => ({
  carryOut: async ({ text }, { operator, by }, along) => {
    try {
      await policies.publish(text, { operator, by }, { along });
    } catch (error) {
      if (!isPolicyProblem(error)) throw error;
      throw new NotOpen(`it would not do any more: ${error.message}`);
    }
  },
});
