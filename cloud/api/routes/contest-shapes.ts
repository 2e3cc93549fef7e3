import * as v from "valibot";
import { bits, type Cidr } from "../../../agent/model/cidr.js";
import { ONE_LINE } from "../../../agent/text/shown.js";
import { Range, plainText } from "../fields.js";

/** What a stranger writes, and operators read. */
const strangersText = (mostBytes: number) =>
  v.pipe(
    plainText(mostBytes),
    v.regex(ONE_LINE, "may hold nothing that turns the direction of writing"),
  );

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
  why: v.pipe(strangersText(1_000), v.minLength(1, "is needed")),
  /** Where one is to be reached, such as a mail address. */
  contact: v.optional(strangersText(254), ""),
});

/** What whoever asked is told. */
export const AnswerText = v.pipe(plainText(1_000), v.minLength(1, "is needed"));
