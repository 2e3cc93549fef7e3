import type { HttpBindings } from "@hono/node-server";

/** What a request brings along on its way through the table. */
export interface Env {
  Bindings: HttpBindings;
}
