/**
 * Which version of the protocol an agent reads that has not been here yet, by the
 * version of its program: 2 came with 0.4.0.
 */
export function protocolReadBy(version: string): 1 | 2 {
  const [major = 0, minor = 0] = version.split(/[.-]/, 2).map(Number);
  return major > 0 || minor >= 4 ? 2 : 1;
}
