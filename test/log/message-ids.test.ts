import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { openJournal } from "../../agent/log/journal.js";
import {
  catalogueText,
  journalField,
  knownMessage,
  knownMessages,
} from "../../agent/log/message-ids.js";
import { openLogger } from "../../agent/log/winston-logger.js";
import {
  AF_UNIX,
  loadLibc,
  MSG_DONTWAIT,
  SOCK_DGRAM,
} from "../../agent/runtime/libc.js";
import { textOf } from "../documents/markdown.js";
import { TestFolder } from "../support/folder.js";

/** All that says something to the log of an agent. */
const source = () => {
  const of = (path: string) => new URL(`../../${path}`, import.meta.url);
  const events = readdirSync(of("agent/events/"))
    .filter((name) => name.endsWith(".js"))
    .map((name) => of(`agent/events/${name}`));
  const texts = [...events, of("service/reload.js")].map((file) =>
    readFileSync(file, "utf8"),
  );
  return texts.join("\n");
};

describe("the messages that the journal knows", () => {
  it("have ids that are random, and no two alike", () => {
    const ids = knownMessages.map(({ id }) => id);
    for (const id of ids) expect(id).toMatch(/^[\da-f]{32}$/);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("keep their ids: who matches one has it in a script", () => {
    const of = (message: string) => knownMessage(message)?.id;
    expect(of("in force")).toBe("e7d29051d966e4775c980a0ebf8200e0");
    expect(of("bans were held by a guard")).toBe(
      "2a522102906e695f043a9c1d752eba87",
    );
    expect(of("this host: enforcing revision 7")).toBe(
      "e7f06fe03b7d6d0c60c39c3d04d5bdd5",
    );
    expect(of("something else")).toBeUndefined();
  });

  it("are what is said, with the fields that their texts name", () => {
    const said = source();
    for (const { message, subject, text } of knownMessages) {
      const isSaid = ['"', "`"].some((quote) =>
        [quote, ": $"].some((end) => said.includes(`${quote}${message}${end}`)),
      );
      expect({ message, isSaid }).toEqual({ message, isSaid: true });
      for (const [, name = ""] of `${subject} ${text}`.matchAll(/@(\w+)@/g)) {
        const field = name
          .replace(/^TOURNIQUET_/, "")
          .toLowerCase()
          .replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
        expect(journalField(field)).toBe(name);
        expect(said).toMatch(new RegExp(`\\b${field}\\b`));
      }
    }
  });

  it("are all in docs/journal.md", () => {
    const document = textOf("docs/journal.md");
    const rows = [...document.matchAll(/^\| `([\da-f]{32})` \| (.*?) +\|$/gm)];
    expect(rows.map(([, id, message]) => ({ id, message }))).toEqual(
      knownMessages.map(({ id, message }) => ({ id, message })),
    );
  });

  it("are told in lines that a terminal shows", () => {
    const text = catalogueText();
    expect(text.match(/^-- [\da-f]{32}$/gm)).toHaveLength(knownMessages.length);
    expect(text).toMatch(/^Subject: The cloud is not reached$/m);
    expect(text).toMatch(/^Defined-By: tourniquet$/m);
    for (const { subject } of knownMessages) {
      expect(subject.length).toBeLessThanOrEqual(80);
    }
  });
});

describe("an entry of the journal", () => {
  it("has its fields, its id, and several lines where it has them", async () => {
    using folder = new TestFolder();
    const path = join(folder.path, "socket");
    const libc = await loadLibc();
    const socket = libc.socket(AF_UNIX, SOCK_DGRAM, 0);
    const family = Buffer.from(Uint16Array.of(AF_UNIX).buffer);
    libc.bind(socket, Buffer.concat([family, Buffer.from(`${path}\0`)]));
    const hear = () => {
      const into = Buffer.alloc(4_096);
      return into.subarray(0, libc.receive(socket, into, MSG_DONTWAIT));
    };
    using journal = await openJournal(path);
    const log = openLogger({
      ...{ level: "info", format: "text", journal: true, entries: journal },
    });
    log.warn("in force", { feed: "urgent", banned: 2, enforcedMs: 0.5 });
    expect(hear().toString()).toBe(
      [
        'MESSAGE=WARN in force feed="urgent" banned=2 enforcedMs=0.5',
        "MESSAGE_ID=e7d29051d966e4775c980a0ebf8200e0",
        "PRIORITY=4",
        "SYSLOG_IDENTIFIER=tourniquet",
        "TOURNIQUET_FEED=urgent",
        "TOURNIQUET_BANNED=2",
        "TOURNIQUET_ENFORCED_MS=0.5",
        "",
      ].join("\n"),
    );
    log.info("what nobody matches");
    expect(hear().toString()).not.toContain("MESSAGE_ID");
    expect(journal.write({ MESSAGE: "a\nb" })).toBe(true);
    expect(hear().toString("latin1")).toBe("MESSAGE\n\x03\0\0\0\0\0\0\0a\nb\n");
    libc.close(socket);
    expect(journal.write({ MESSAGE: "to nobody" })).toBe(false);
  });
});
