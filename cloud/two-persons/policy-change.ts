import { Malformed } from "../../agent/protocol/malformed.js";
import { Refused } from "../../agent/protocol/refusals.js";
import { NotOpen } from "../decide/settling.js";
import type { Policies } from "../policies/policies.js";
import { BadPolicy } from "../policies/read-yaml.js";
import type { ChangeKind } from "./changes.js";

/** Publishes the policy of an org that a second person has released. */
export const policyChange = (
  policies: Pick<Policies, "publish">,
): ChangeKind => ({
  carryOut: async ({ text }, { operator, by }, along) => {
    try {
      await policies.publish(text, { operator, by }, { along });
    } catch (error) {
      if (!isBad(error)) throw error;
      throw new NotOpen(`it would not do any more: ${error.message}`);
    }
  },
});

const isBad = (error: unknown): error is Error =>
  error instanceof BadPolicy ||
  error instanceof Refused ||
  error instanceof Malformed;
