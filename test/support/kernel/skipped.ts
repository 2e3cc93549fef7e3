/**
 * What a test that is left out is called. Says so at once, since nobody sees the
 * names of those where many files are run.
 */
export function skipped(name: string, reason: string): string {
  process.stderr.write(`skipped: ${name}: ${reason}\n`);
  return `${name} (skipped: ${reason})`;
}
