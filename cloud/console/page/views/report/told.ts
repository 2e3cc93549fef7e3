import type { Answers } from "../../api-types.js";

/** A month of one customer, as the API tells it. */
export type Month = Answers["reportMonth"];
