/**
 * Whether a JSON text that `JSON.parse` took in gives a field twice: it keeps the
 * last of them and says nothing, so that two readers may believe two things. Every
 * field has one colon outside of strings; what was parsed has each name once.
 */
export function repeatsField(text: string, parsed: unknown): boolean {
  return colonsIn(text) !== fieldsIn(parsed);
}

function colonsIn(text: string): number {
  let count = 0;
  let at = 0;
  for (;;) {
    const quote = text.indexOf('"', at);
    const end = quote < 0 ? text.length : quote;
    for (
      let colon = text.indexOf(":", at);
      colon >= 0 && colon < end;
      colon = text.indexOf(":", colon + 1)
    ) {
      count++;
    }
    if (quote < 0) return count;
    at = stringEnd(text, quote + 1);
  }
}

/** Behind the quote that ends a string. */
function stringEnd(text: string, start: number): number {
  for (let at = start; ; at++) {
    const quote = text.indexOf('"', at);
    let escapes = quote - 1;
    while (escapes >= start && text[escapes] === "\\") escapes--;
    if ((quote - escapes) % 2 === 1) return quote + 1;
    at = quote;
  }
}

/** Of all objects within; without recursion, since a text may be deep. */
function fieldsIn(parsed: unknown): number {
  let count = 0;
  const open: unknown[] = [parsed];
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value !== "object" || value === null) continue;
    const inside = Object.values(value);
    if (!Array.isArray(value)) count += inside.length;
    for (const each of inside) open.push(each);
  }
  return count;
}
