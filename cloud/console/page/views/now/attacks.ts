import type { Answers } from "../../api-types.js";

/** Attacks over time, by customer and country. */
export type Attacks = Answers["countAttacks"];
export type Shares = Attacks["byOrg"];
