import type { Migration } from "../../sqlite/database.js";
import { bans } from "./001-bans.js";
import { observed } from "./002-observed.js";
import { time } from "./003-time.js";
import { recorded } from "./004-recorded.js";
import { trials } from "./005-trials.js";
import { word } from "./006-word.js";
import { approvals } from "./007-approvals.js";
import { room } from "./008-room.js";
import { orders } from "./009-orders.js";
import { rings } from "./010-rings.js";
import { treeHeads } from "./011-tree-heads.js";
import { policies } from "./012-policies.js";
import { sensed } from "./013-sensed.js";
import { allowed } from "./014-allowed.js";

/** In order, from 1, without a gap. */
export const migrations: readonly Migration[] = [
  bans,
  observed,
  time,
  recorded,
  trials,
  word,
  approvals,
  room,
  orders,
  rings,
  treeHeads,
  policies,
  sensed,
  allowed,
];
