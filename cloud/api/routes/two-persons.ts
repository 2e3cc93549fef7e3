import * as v from "valibot";
import { dangerNames } from "../../journal/two-person-events.js";
import type { Outcome } from "../../two-persons/order-asked.js";
import { Reason } from "../fields.js";
import { Time, Whole } from "../table/answer.js";
import { answer } from "../table/route.js";
import { madeOrNot } from "./orders.js";

/** Why an order takes two persons. */
export const Danger = v.object({
  why: v.picklist(dangerNames),
  /** For people, with numbers and the first ranges. */
  says: v.string(),
});

/** An order that nobody carried out yet. */
export const OrderWaits = v.object({
  proposal: v.string(),
  dangers: v.array(Danger),
  /** Until when somebody else may release it. */
  expiresAt: Time,
  /** How many could, as things stand. */
  others: Whole,
});

/** What an order's answer says of what is dangerous about it. */
export const judged = {
  /** Of what was carried out all the same, or would wait if it were no dry run. */
  dangers: v.array(Danger),
  /** What was broken for it, and waits for a review; null: nothing. */
  glass: v.nullable(v.string()),
  /** What hosts said that were asked before; null: none was. */
  flows: v.nullable(
    v.object({
      ...{ asked: Whole, answered: Whole },
      /** Hosts with open flows that they began themselves, and those flows. */
      ...{ affectedBegun: Whole, liveBegun: Whole },
    }),
  ),
};

/** Why an admin has a dangerous order carried out at once. */
export const Why = v.pipe(Reason, v.minLength(1, "is needed"));

/** Answers of an order: made, or not, or waiting for somebody else. */
export const orderedOrWaits = <S extends v.GenericSchema>(schema: S) =>
  ({
    ...madeOrNot(schema),
    202: {
      description: "It is dangerous, and waits for a second person",
      schema: OrderWaits,
    },
  }) as const;

export function waitsAnswer({
  waiting,
  others,
}: Outcome<never> & { readonly kind: "waits" }) {
  const { id: proposal, dangers, expiresAt } = waiting;
  return answer(202, { proposal, dangers, expiresAt, others });
}
