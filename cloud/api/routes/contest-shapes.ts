import * as v from "valibot";
import { bits, type Cidr } from "../../../agent/model/cidr.js";
import { Range, plainText } from "../fields.js";

/** What one has to say about the bans on an address. */
export const Complaint = v.strictObject({
  /** Of one host. */
  address: v.pipe(
    Range,
    v.check(
      ({ family, prefix }: Cidr) => prefix === bits(family),
      "is no single address",
    ),
  ),
  why: v.pipe(plainText(1_000), v.minLength(1, "is needed")),
  /** Where one is to be reached, such as a mail address. */
  contact: v.optional(plainText(254), ""),
});

/** What whoever asked is told. */
export const AnswerText = v.pipe(plainText(1_000), v.minLength(1, "is needed"));
