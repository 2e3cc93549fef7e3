import { brokenGlassOf } from "./ask-glass.js";
import { rulesOf, type RulesTold } from "./ask-proposals.js";
import { CloudRefused, type Client } from "./client.js";
import { dateOf } from "./tables.js";

/** The same of a cloud; an org's people are not told of the vendor's rules. */
export async function ruleAlarms(client: Client): Promise<readonly string[]> {
  try {
    return alarmsOf(await rulesOf(client));
  } catch (error) {
    if (error instanceof CloudRefused && error.status === 403) return [];
    throw error;
  }
}

/** What an operator has to know of the rules, whatever he asked. */
export function alarmsOf(report: RulesTold): readonly string[] {
  const { maxPerMinute, reachedSince, waiting, orgs, alarms } = report;
  const [newest] = alarms;
  const lines: string[] = [];
  if (reachedSince !== null) {
    lines.push(
      `ALARM: since ${dateOf(reachedSince)} rules want to ban more than ${maxPerMinute} a minute, and ${waiting === 1 ? "1 attacker waits" : `${waiting} attackers wait`}${mostly(orgs)}`,
    );
  } else if (newest !== undefined && isRecent(newest.at)) {
    lines.push(
      `at ${dateOf(newest.at)} rules wanted to ban more than ${newest.maxPerMinute} a minute${mostly(newest.orgs)}`,
    );
  }
  const dropped = Object.values(report.dropped).reduce((a, b) => a + b, 0);
  if (dropped > 0) {
    const whose = Object.keys(report.dropped).slice(0, 3).join(", ");
    lines.push(
      `since the cloud's start ${dropped} detections found no room to wait for a rule, most of ${whose}`,
    );
  }
  if (report.unproposed > 0) {
    lines.push(
      `since the cloud's start ${report.unproposed} proposals found no room; see: tourniquet-cloud proposals`,
    );
  }
  return lines;
}

function mostly(orgs: RulesTold["orgs"]): string {
  const named = orgs.slice(0, 3).map(({ org, bans }) => `${org} (${bans})`);
  return named.length === 0
    ? ""
    : `; most bans were on the word of ${named.join(", ")}`;
}

const isRecent = (at: string): boolean =>
  Date.now() - Date.parse(at) < 24 * 60 * 60 * 1000;

/** What one person did that takes two, while nobody has reviewed it. */
export async function glassAlarms(client: Client): Promise<readonly string[]> {
  try {
    const { items: waiting } = await brokenGlassOf(client, { limit: "20" });
    return waiting.map(
      ({ glass, by, action, why }) =>
        `ALARM: ${by} broke the glass for a ${action} (${why}), and nobody has reviewed it: tourniquet-cloud break-glass review ${glass} …`,
    );
  } catch (error) {
    if (error instanceof CloudRefused && error.status === 403) return [];
    throw error;
  }
}
