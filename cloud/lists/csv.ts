/**
 * The fields of one record of comma-separated values (RFC 4180), with blanks
 * around them gone. `open`: a quoted field goes on in the next line; undefined:
 * something follows a closing quote.
 */
export function fieldsOf(
  record: string,
  delimiter: string,
): readonly string[] | "open" | undefined {
  if (!record.includes('"')) {
    return record.split(delimiter).map((field) => field.trim());
  }
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    while (record[at] === " ") at += 1;
    const field =
      record[at] === '"'
        ? quotedAt(record, at, delimiter)
        : bareAt(record, at, delimiter);
    if (typeof field !== "object") return field;
    fields.push(field.text);
    if (field.end >= record.length) return fields;
    at = field.end + 1;
  }
}

/** A field, and where its delimiter or the record's end is. */
interface Field {
  readonly text: string;
  readonly end: number;
}

function bareAt(record: string, from: number, delimiter: string): Field {
  const found = record.indexOf(delimiter, from);
  const end = found < 0 ? record.length : found;
  return { text: record.slice(from, end).trim(), end };
}

/** Two quotes within a quoted field are one. */
function quotedAt(
  record: string,
  from: number,
  delimiter: string,
): Field | "open" | undefined {
  let text = "";
  let at = from + 1;
  for (;;) {
    const quote = record.indexOf('"', at);
    if (quote < 0) return "open";
    text += record.slice(at, quote);
    if (record[quote + 1] !== '"') {
      const { text: behind, end } = bareAt(record, quote + 1, delimiter);
      return behind === "" ? { text: text.trim(), end } : undefined;
    }
    text += '"';
    at = quote + 2;
  }
}
