/** What a line shows that belongs to no list, but to something taken for one. */
export const looks = ["markup", "json", "hosts"] as const;
export type Look = (typeof looks)[number];

/** What a rejected line looks like. */
export function lookOf(line: string): Look | undefined {
  const said = line.trim();
  if (MARKUP.test(said)) return "markup";
  if (isJson(said)) return "json";
  return HOSTS.test(said) ? "hosts" : undefined;
}

const MARKUP = /^<(!doctype|!--|\?xml|\/?[a-z][a-z0-9-]*[\s/>])/i;

const HOSTS = /^(0\.0\.0\.0|127\.\d+\.\d+\.\d+|::1?)\s+[a-z]/i;

/** A document, or the beginning of one that goes on in the next lines. */
function isJson(said: string): boolean {
  if (!/^[[{]/.test(said)) return false;
  if (/^[[{]$/.test(said) || /^(\[\s*[[{"]|\{\s*")/.test(said)) return true;
  try {
    JSON.parse(said);
    return true;
  } catch {
    return false;
  }
}
