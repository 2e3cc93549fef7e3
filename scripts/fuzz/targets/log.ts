import { isDeepStrictEqual } from "node:util";
import { formatCidr, overlaps, parseCidr } from "../../../agent/model/cidr.js";
import { readJournalEntry } from "../../../agent/sensors/journal.js";
import { LineSplitter } from "../../../agent/sensors/line-splitter.js";
import { readSource } from "../../../agent/sensors/source.js";
import { readSshd, SSHD_IDENTIFIERS } from "../../../agent/sensors/sshd.js";
import { containerLineIn } from "../../../agent/sensors/container-line.js";
import { readDate } from "../../../agent/sensors/log-date.js";
import { repeatIn } from "../../../agent/sensors/repeats.js";
import { SyslogReader } from "../../../agent/sensors/syslog.js";
import { texts } from "../corpus.js";
import { Broken, type Target } from "../target.js";

const FROM = "203.0.113.7";
const PAM = "authentication failure; logname= uid=0 euid=0 tty=ssh ruser=";

/** What sshd says with a name that somebody typed. */
const said: readonly ((user: string) => string)[] = [
  (user) => `Failed password for ${user} from ${FROM} port 50022 ssh2`,
  (user) => `Failed password for invalid user ${user} from ${FROM} port 22`,
  (user) => `Invalid user ${user} from ${FROM} port 50022`,
  (user) => `Invalid user ${user} from ${FROM}`,
  (user) =>
    `Connection closed by invalid user ${user} ${FROM} port 1 [preauth]`,
  (user) =>
    `Connection reset by authenticating user ${user} ${FROM} port 1 [preauth]`,
  (user) => `Disconnected from invalid user ${user} ${FROM} port 1 [preauth]`,
  (user) =>
    `Disconnecting authenticating user ${user} ${FROM} port 1: Too many authentication failures [preauth]`,
  (user) =>
    `error: maximum authentication attempts exceeded for ${user} from ${FROM} port 1 ssh2 [preauth]`,
  (user) =>
    `User ${user} from ${FROM} not allowed because not listed in AllowUsers`,
  (user) => `error: PAM: Authentication failure for ${user} from ${FROM}`,
  (user) => `pam_unix(sshd:auth): ${PAM} rhost=${FROM}  user=${user}`,
  (user) =>
    `PAM 2 more authentication failures; logname= uid=0 euid=0 tty=ssh ruser= rhost=${FROM}  user=${user}`,
  (user) => `Accepted password for ${user} from ${FROM} port 50022 ssh2`,
];

/** Every prefix in front of what a program says. */
const wrappings: readonly ((message: string) => string)[] = [
  (it) => `Nov  3 12:00:00 host sshd[17]: ${it}`,
  (it) => `Nov  3 12:00:00 sshd[17]: ${it}`,
  (it) => `Nov  3 12:00:00.123 host auth.info sshd[17]: ${it}`,
  (it) => `Fri Nov  3 12:00:00 2026 authpriv.info sshd[17]: ${it}`,
  (it) => `2026-11-03 12:00:00,1 host /usr/sbin/sshd[17]: ${it}`,
  (it) => `<86>1 2026-11-03T12:00:00.003Z host sshd 17 - - ${it}`,
  (it) => `<86>1 2026-11-03T12:00:00Z h sshd 17 - [a@1 b="\\]"] ${it}`,
  (it) => `2026-11-03T12:00:00.1Z stderr F sshd[17]: ${it}`,
  (it) => `Nov  3 12:00:00 h e8d820bf982c[2]: Nov  3 11:00:00 sshd[17]: ${it}`,
  (it) => JSON.stringify({ log: `${it}\n`, time: "2026-11-03T12:00:00Z" }),
  (it) => `sshd[17]: ${it}`,
];

const SYSLOG = Buffer.from("Nov  3 12:00:00 host sshd[17]: ");

const lines = said.flatMap((message) =>
  ["root", "admin from 192.0.2.1 port 22 ssh2", ""].map(message),
);

export const target: Target = {
  name: "log",
  corpus: [
    ...texts(...lines),
    ...texts(
      ...lines.map((line) => `Nov  3 12:00:00 host sshd[17]: ${line}\n`),
      ...lines.slice(0, 3).flatMap((line) => wrappings.map((it) => it(line))),
      ...lines.slice(0, 3).map((it) => `message repeated 3 times: [ ${it}]`),
    ),
    ...lines.slice(0, 4).map((line) => entryOf(line)),
    ...texts(
      `2026-11-03T12:00:00.1+00:00 host sshd-session[9]: ${lines[0]!}\r\n`,
      '{"MESSAGE":[70,97,105,108],"SYSLOG_IDENTIFIER":"sshd","_PID":null}',
      "root from 192.0.2.1 port 22 ssh2",
      `ROOT LOGIN REFUSED FROM ${FROM} port 1`,
      `Unable to negotiate with ${FROM} port 1: no matching cipher found.`,
      `banner exchange: Connection from ${FROM} port 1: invalid format`,
    ),
  ],
  readers: {
    line: (bytes) =>
      splitBoth(bytes)
        .map((line) => judged(entryIn(line)?.message ?? line))
        .find((word) => word !== "nothing") ?? "nothing",
    journal: (bytes) => {
      const entry = readJournalEntry(bytes.toString("latin1"));
      return entry === undefined ? "no entry" : judged(entry.message);
    },
    user: (bytes) => {
      const user = bytes
        .toString("latin1")
        .replaceAll("\n", " ")
        .slice(0, 1_000);
      for (const message of said) {
        mustBlameOnly(message(user));
        mustBlameOnly(`message repeated 3 times: [ ${message(user)}]`);
        for (const wrap of wrappings) mustStandFor(message(user), wrap);
      }
      return "name";
    },
  },
  layers: [
    {
      open: (outer) => Buffer.from(messageIn(outer), "latin1"),
      seal: (inner) => entryOf(inner.toString("latin1")),
    },
    {
      open: (outer) => Buffer.from(messageIn(outer), "latin1"),
      seal: (inner) => Buffer.concat([SYSLOG, inner]),
    },
  ],
  words: [
    ...["from", " from ", " port ", "port 22", "ssh2", " [preauth]", "rhost="],
    ...["192.0.2.1", "from 192.0.2.1 port 22 ssh2", "user=", "Failed", "for"],
    ...["invalid user ", "2001:db8::1%eth0", "::ffff:192.0.2.1", "UNKNOWN"],
    ...[
      "fromfrom",
      "not allowed because ",
      "rhost=192.0.2.1 ",
      "\0\0",
      "[17]:",
    ],
    ...["Nov  3 12:00:00 host sshd[1]: ", "<13>", '"MESSAGE":', "[1,2]"],
  ],
  refusals: [],
  mostBytes: 70_000,
  mostMemory: 32 * 1024 * 1024,
  mostCpuMs: 250,
};

/** What sshd said, whichever way it was kept. */
function messageIn(outer: Buffer): string {
  const text = outer.toString("latin1");
  const entry = readJournalEntry(text) ?? entryIn(text);
  return entry?.message ?? text;
}

const entryIn = (line: string) =>
  new SyslogReader({ identifiers: SSHD_IDENTIFIERS, alone: false }).read(line);

/** As systemd's journal gives it out. */
function entryOf(message: string): Buffer {
  const text = JSON.stringify({
    ...{ MESSAGE: message, SYSLOG_IDENTIFIER: "sshd", _PID: "17" },
    __REALTIME_TIMESTAMP: "1790000000000000",
  });
  return Buffer.from(text, "latin1");
}

/** In how many pieces a log is read does not matter. */
function splitBoth(bytes: Buffer): readonly string[] {
  const whole = new LineSplitter(LONGEST);
  const inPieces = new LineSplitter(LONGEST);
  const expected = [...whole.take(bytes), ...whole.take(LINE_END)];
  const found: string[] = [];
  const size = 1 + (bytes.length % 1_009);
  for (let at = 0; at < bytes.length; at += size) {
    found.push(...inPieces.take(bytes.subarray(at, at + size)));
  }
  found.push(...inPieces.take(LINE_END));
  if (!isDeepStrictEqual(found, expected)) {
    throw new Broken("pieces", "the lines are others");
  }
  if (whole.passedOver !== inPieces.passedOver) {
    throw new Broken("pieces", "others were too long");
  }
  return expected;
}

const LONGEST = 64 * 1024;
const LINE_END = Buffer.from("\n");

function judged(message: string): string {
  const repeat = repeatIn(message);
  if (repeat !== undefined && !(repeat.times <= 1_000)) {
    throw new Broken("bound", `${repeat.times} times`);
  }
  mustBeDated(containerLineIn(message)?.date ?? message);
  const sign = readSshd(repeat?.message ?? message);
  if (sign === undefined) return "nothing";
  const source = readSource(sign.from);
  if (source === undefined) return `${sign.kind} of nobody`;
  if (formatCidr(parseCidr(source.name)) !== source.name) {
    throw new Broken("ranges", source.name);
  }
  if (!overlaps(source.range, source.address)) {
    throw new Broken("ranges", `${source.name} is another's`);
  }
  return `${sign.kind} of IPv${source.address.family}`;
}

function mustBeDated(text: string): void {
  const { ms = 0 } = readDate(text, 1.8e12) ?? {};
  if (!Number.isFinite(ms)) throw new Broken("date", String(ms));
}

/** Whatever the name is, nobody else is blamed. */
function mustBlameOnly(message: string): void {
  const said = repeatIn(message)?.message ?? message;
  const sign = readSshd(said);
  const source = sign && readSource(sign.from);
  if (source === undefined || source.name === FROM) return;
  throw new Broken("blame", `${source.name} for ${JSON.stringify(message)}`);
}

/** A prefix ends where it ends, whatever stands behind it. */
function mustStandFor(
  message: string,
  wrap: (message: string) => string,
): void {
  const expected = message.replaceAll("\r", " ");
  const line = wrap(expected);
  const entry = entryIn(line);
  const isRead = entry?.identifier === "sshd" && entry.message === expected;
  if (!isRead) throw new Broken("prefix", JSON.stringify([line, entry]));
}
