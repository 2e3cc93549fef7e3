import { isDeepStrictEqual } from "node:util";
import { Broken } from "../target.js";

/**
 * Holds a value that was decoded from JSON to what it must be: made of plain
 * objects, and the same once it is written and decoded again.
 */
export function holdsAsJson<T>(value: T, decode: (text: string) => T): void {
  mustBePlain(value);
  if (!isDeepStrictEqual(decode(JSON.stringify(value)), value)) {
    throw new Broken("written again", JSON.stringify(value).slice(0, 400));
  }
}

function mustBePlain(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  const prototype: unknown = Object.getPrototypeOf(value);
  const expected = Array.isArray(value) ? Array.prototype : Object.prototype;
  if (prototype !== expected) {
    throw new Broken("prototypes", "an object's is not the usual one");
  }
  Object.values(value).forEach(mustBePlain);
}

/** Reads text, and holds what is said of it to one line of a log. */
export function briefly(
  read: (text: string) => string,
): (bytes: Buffer) => string {
  return (bytes) => {
    try {
      return read(bytes.toString("utf8")); // as it comes: it may be no UTF-8
    } catch (error) {
      if (error instanceof Error) mustBeBrief(error.message);
      throw error;
    }
  };
}

function mustBeBrief(message: string): void {
  if (message.length > LONGEST_MESSAGE) {
    throw new Broken("brief", `${message.length} characters of message`);
  }
  if (/\p{Cc}/u.test(message)) {
    throw new Broken("brief", JSON.stringify(message.slice(0, 400)));
  }
}

const LONGEST_MESSAGE = 4_096;
