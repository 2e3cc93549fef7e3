/** What a whole host does about its bans: drop, or only count and report. */
export const modes = ["enforce", "observe"] as const;

export type Mode = (typeof modes)[number];
