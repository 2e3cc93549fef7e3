import { fstatSync } from "node:fs";

/**
 * Whether standard error goes to systemd's journal. The variable names the device
 * and inode of the journal's stream, and a child whose output goes elsewhere
 * inherits it as well (systemd.exec(5), $JOURNAL_STREAM).
 */
export function writesToJournal(
  environment: NodeJS.ProcessEnv,
  descriptor = 2,
): boolean {
  const { JOURNAL_STREAM } = environment;
  if (JOURNAL_STREAM === undefined) return false;
  const { dev, ino } = fstatSync(descriptor);
  return JOURNAL_STREAM === `${dev}:${ino}`;
}
