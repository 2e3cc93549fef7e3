/**
 * Which version of the protocol an agent reads that has not been here yet, by the
 * version of its program: 2 came with 0.4.0.
 */
export const protocolReadBy = (version: string): 1 | 2 =>
  isFrom(version, 4) ? 2 : 1;

/** Whether it takes an answer to its enrolment that proposes a mode: from 0.6.0 on. */
export const takesProposedMode = (version: string): boolean =>
  isFrom(version, 6);

/** Whether it can go by its org's policy: from 0.6.0 on, if its host takes one. */
export const takesPolicies = (version: string): boolean => isFrom(version, 6);

/** Of 0.`least`.0 or later. */
function isFrom(version: string, least: number): boolean {
  const [major = 0, minor = 0] = version.split(/[.-]/, 2).map(Number);
  return major > 0 || minor >= least;
}
