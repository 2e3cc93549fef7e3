/** A line that a container's program wrote, as what runs containers keeps it. */
export interface ContainerLine {
  /** When it was written, as text. */
  readonly date: string;
  readonly text: string;
  /** False when the rest of it comes with the next line. */
  readonly isEnd: boolean;
}

/** Reads what Docker's json-file driver writes, and the CRI's log format. */
export function containerLineIn(line: string): ContainerLine | undefined {
  if (line.startsWith("{")) return dockerLine(line);
  const [, date, part, text] = CRI.exec(line) ?? [];
  if (date === undefined || text === undefined) return undefined;
  return { date, text, isEnd: part === "F" };
}

/** Whether a program's name in syslog is Docker's for a container. */
export const isContainerTag = (tag: string): boolean =>
  tag.length === 12 ? SHORT_ID.test(tag) : tag.startsWith("docker/");

function dockerLine(line: string): ContainerLine | undefined {
  const { log, time } = fieldsOf(line);
  if (typeof log !== "string") return undefined;
  const isEnd = log.endsWith("\n");
  const date = typeof time === "string" ? time : "";
  return { date, text: log.replace(/\r?\n$/, ""), isEnd };
}

function fieldsOf(line: string): { log?: unknown; time?: unknown } {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

const SHORT_ID = /^[0-9a-f]{12}$/;
const CRI =
  /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)) std(?:out|err) ([FP]) (.*)$/s;
