/** What a ban that a sensor of this host decided on says of itself. */
export const sensedReason = (sensor: string): string => `${sensor}: ${SENSED}`;

/** Whether a sensor decided on a ban of the feed `local`, by its reason. */
export const isSensed = (reason: string): boolean =>
  reason.endsWith(`: ${SENSED}`);

/** As every version has written it: what it says is what earlier bans are known by. */
const SENSED = "too many failed logins on this host";
