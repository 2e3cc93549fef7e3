import type { Attack } from "./attack.js";
import { enrolled } from "./attacks/enrolled.js";
import { hostileClouds } from "./attacks/hostile-cloud.js";
import { insiders } from "./attacks/insiders.js";
import { packets } from "./attacks/packets.js";
import { paths } from "./attacks/path.js";
import { strangers } from "./attacks/strangers.js";

/** Every attack, in the order in which `all` throws them. */
export const attacks: readonly Attack[] = [
  ...packets,
  ...insiders,
  ...strangers,
  ...enrolled,
  ...paths,
  ...hostileClouds,
];
