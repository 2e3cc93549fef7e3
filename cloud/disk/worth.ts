/** What goes on for how long when room runs out: orders go on longest. */
export type Worth = "telemetry" | "answers" | "orders";
