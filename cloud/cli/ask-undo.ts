import type * as v from "valibot";
import type { UndoAnswer, UndoOrder } from "../api/routes/undo.js";
import type { UndoingTold } from "../api/routes/undoings.js";
import type { WaitsTold } from "./ask-bans.js";
import type { Client } from "./client.js";

export type UndoTold = v.InferOutput<typeof UndoAnswer>;
export type Undoing = v.InferOutput<typeof UndoingTold>;

export const undo = async (
  client: Client,
  decision: string,
  order: UndoOrder,
): Promise<UndoTold | WaitsTold> =>
  client.ask("POST", `/decisions/${encodeURIComponent(decision)}/undo`, order);
