/** How much room the state folder leaves: "reserve" takes lifts, the operator's orders and urgent bans alone; "full" takes nothing. */
export type StorageState = "ok" | "reserve" | "full";
