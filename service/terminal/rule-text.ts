import { RING_WAITS } from "../../agent/model/rings.js";
import { momentText } from "./when.js";

/** The rule that holds a ban; of one that waits for its ring, until when. */
export const ruleText = (rule: string, begins: string | null): string =>
  rule === RING_WAITS && begins !== null
    ? `${rule} until ${momentText(begins)}`
    : rule;
