import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { SSHD_IDENTIFIERS } from "../../agent/sensors/sshd.js";
import { SyslogReader } from "../../agent/sensors/syslog.js";

const message = "Failed password for root from 203.0.113.7 port 50022 ssh2";

const reader = (alone = false) =>
  new SyslogReader({ identifiers: SSHD_IDENTIFIERS, alone });

/** Who logged it, with which process, and what; undefined for nobody. */
function told(line: string, alone = false): string | undefined {
  const entry = reader(alone).read(line);
  return entry && `${entry.identifier}[${entry.pid}] ${entry.message}`;
}

describe("a line of a log", () => {
  it.each([
    ["rsyslog's", `Nov  3 12:00:00 host sshd[900]: ${message}`],
    ["a day of two digits", `Nov 13 12:00:00 host sshd[900]: ${message}`],
    ["busybox's", `Nov 27 12:00:01 localhost auth.info sshd[900]: ${message}`],
    ["busybox's small one", `Nov 27 12:00:01 sshd[900]: ${message}`],
    ["a level and no host", `Nov 27 12:00:01 auth.info sshd[900]: ${message}`],
    ["syslog-ng's fractions", `Nov 27 12:00:01.123 web1 sshd[900]: ${message}`],
    ["fractions in Europe", `Nov 27 12:00:01,123456 w sshd[900]: ${message}`],
    ["a year behind", `Nov 27 2026 12:00:01 web1 sshd[900]: ${message}`],
    ["a year in front", `2026 Nov 27 12:00:01 web1 sshd[900]: ${message}`],
    [
      "OpenWrt's",
      `Fri Nov 27 12:00:01 2026 authpriv.info sshd[900]: ${message}`,
    ],
    ["RFC 3339", `2026-11-27T12:00:01.123456+01:00 w sshd[900]: ${message}`],
    ["UTC", `2026-11-27T12:00:01Z web1 sshd[900]: ${message}`],
    ["ISO with a blank", `2026-11-27 12:00:01 web1 sshd[900]: ${message}`],
    ["and a zone", `2026-11-27 12:00:01,5 +0100 web1 sshd[900]: ${message}`],
    ["and no zone", `2026-11-27T12:00:01 web1 sshd[900]: ${message}`],
    ["and no host", `2026-11-27T12:00:01Z sshd[900]: ${message}`],
    ["slashes", `2026/11/27 12:00:01 web1 sshd[900]: ${message}`],
    [
      "journalctl -o short-full",
      `Fri 2026-11-27 12:00:01 CET w sshd[900]: ${message}`,
    ],
    ["-o short-iso", `2026-11-27T12:00:01+0100 web1 sshd[900]: ${message}`],
    ["-o short-unix", `1795780801.123456 web1 sshd[900]: ${message}`],
    ["-o short-monotonic", `[ 1234.567890] web1 sshd[900]: ${message}`],
    ["no date", `sshd[900]: ${message}`],
    ["a priority", `<86>Nov  3 12:00:00 host sshd[900]: ${message}`],
    ["RFC 5424", `<86>1 2026-11-27T12:00:01.003Z w sshd 900 - - ${message}`],
    ["no priority", `1 2026-11-27T12:00:01.003Z w sshd 900 - - ${message}`],
    ["nor a version", `2026-11-27T12:00:01.003Z w sshd 900 - - ${message}`],
    [
      "structured data",
      `<86>1 2026-11-27T12:00:01Z w sshd 900 ID7 [a@1 b="x\\]y"][c@2] ${message}`,
    ],
    [
      "a BOM",
      `<86>1 2026-11-27T12:00:01Z w sshd 900 - - \xef\xbb\xbf${message}`,
    ],
    ["a whole path", `Nov  3 12:00:00 host /usr/sbin/sshd[900]: ${message}`],
    [
      "two hosts",
      `Nov  3 12:00:00 relay Nov  3 12:00:00 w sshd[900]: ${message}`,
    ],
    [
      "two dates",
      `2026-11-27T12:00:01Z Nov  3 12:00:00 w sshd[900]: ${message}`,
    ],
    ["its own end", `Nov  3 12:00:00 host sshd[900]: ${message}\r`],
    ["NULs", `\0\0\0Nov  3 12:00:00 host sshd[900]: ${message}`],
    [
      "a container's in the journal's",
      `Feb 19 12:37:15 server e8d820bf982c[2136]: Feb 19 11:37:15 sshd[900]: ${message}`,
    ],
    [
      "Docker's syslog driver",
      `Feb 19 12:37:15 server docker/ssh[2136]: sshd[900]: ${message}`,
    ],
    [
      "Docker's files",
      `{"log":"Feb 19 11:37:15 h sshd[900]: ${message}\\r\\n","stream":"stderr","time":"2026-02-19T11:37:15.1Z"}`,
    ],
    ["Kubernetes", `2026-11-27T12:00:01.1Z stderr F sshd[900]: ${message}`],
  ])("is read with %s", (_, line) => {
    expect(told(line)).toBe(`sshd[900] ${message}`);
  });

  it.each([
    ["Docker's files", JSON.stringify({ log: `${message}\n`, time: "x" })],
    ["Kubernetes", `2026-11-27T12:00:01.1Z stderr F ${message}`],
    ["a supervisor's log", `2026-01-28_18:14:32.12345 ${message}`],
    ["a container's tag", `Feb 19 12:37:15 h e8d820bf982c[2136]: ${message}`],
  ])("needs no program in %s", (_, line) => {
    expect(told(line)).toBe(`sshd[] ${message}`);
    const other = line.replace("Failed", "error: PAM: Failed");
    expect(told(other)).toBe(`sshd[] error: PAM: ${message}`);
  });

  it("needs no program where only sshd can write", () => {
    expect(told(message)).toBeUndefined();
    expect(told(message, true)).toBe(`sshd[] ${message}`);
    expect(told(`error: ${message}`, true)).toBe(`sshd[] error: ${message}`);
    const dated = `2026-11-27T12:00:01Z ${message}`;
    expect(told(dated, true)).toBe(`sshd[] ${message}`);
    expect(told(`sshd[900]: ${message}`, true)).toBe(`sshd[900] ${message}`);
  });

  it.each([
    ["sshd-session[7]: hello", "sshd-session[7] hello"],
    ["sshd-auth[7]: hello", "sshd-auth[7] hello"],
    ["sshd: hello", "sshd[] hello"],
    ["app[1]: sshd[2]: hello", "app[1] sshd[2]: hello"],
    ["app: sshd[2]: hello", "app[] sshd[2]: hello"],
    ["sshd-imposter[1]: hello", "sshd-imposter[1] hello"],
    [
      "app[1]: Nov  3 12:00:00 h sshd[2]: hello",
      "app[1] Nov  3 12:00:00 h sshd[2]: hello",
    ],
    [
      "app[1]: <86>1 2026-11-27T12:00:01Z w sshd 9 - - hello",
      "app[1] <86>1 2026-11-27T12:00:01Z w sshd 9 - - hello",
    ],
    [
      'app[1]: {"log":"sshd[2]: hello\\n"}',
      'app[1] {"log":"sshd[2]: hello\\n"}',
    ],
  ])("is of whom its own beginning names: %s", (rest, expected) => {
    for (const prefix of ["Nov  3 12:00:00 host ", "Nov  3 12:00:00 "]) {
      expect(told(`${prefix}${rest}`)).toBe(expected);
    }
  });

  it.each([
    [""],
    [message],
    [`Nov 3 host sshd[12]: ${message}`],
    ["\xff\xfe\x00"],
    [`x Nov  3 12:00:00 host sshd[12]: ${message}`],
    [`2026-11-27T12:00:01Z ${message}`],
    ["{"],
    ['{"log":7}'],
    [`2026-11-27T12:00:01.1Z stderr P sshd[900]: ${message}`],
  ])("is nobody's when it is %j", (line) => {
    expect(told(line)).toBeUndefined();
  });

  it("does not begin where a container's log cut a longer one", () => {
    const all = reader();
    const docker = (log: string) => all.read(JSON.stringify({ log }));
    const cri = (part: string, text: string) =>
      all.read(`2026-11-27T12:00:01.1Z stdout ${part} ${text}`);
    for (const begin of [
      () => docker("a very long line"),
      () => cri("P", "a very long line"),
    ]) {
      expect(begin()).toBeUndefined();
      expect(docker(`sshd[900]: ${message}\n`)).toBeUndefined();
      expect(docker(`sshd[900]: ${message}\n`)).toBeDefined();
    }
  });

  it("hands on its date, the first where it has two", () => {
    const dates = (line: string) => reader().read(line)?.date;
    expect(dates(`Nov 27 12:00:01.5 w sshd[9]: x`)).toBe("Nov 27 12:00:01.5");
    expect(dates(`<86>1 2026-11-27T12:00:01Z w sshd 9 - - x`)).toBe(
      "2026-11-27T12:00:01Z",
    );
    const inner = "Nov 27 11:00:01 sshd[9]: x";
    expect(dates(`Nov 27 12:00:01 w e8d820bf982c[2]: ${inner}`)).toBe(
      "Nov 27 12:00:01",
    );
    const log = `${inner}\n`;
    expect(dates(JSON.stringify({ log, time: "T" }))).toBe("T");
    expect(dates("sshd[9]: x")).toBe("");
  });

  it("is read in time that grows with its length alone", () => {
    const pieces = ["a", " ", ":", "[", "/", ".", '="', "\\", "<1>"];
    for (const piece of pieces) {
      for (const front of [
        "",
        "Nov 27 12:00:01 ",
        "<1>1 2026-11-27T12:00:01Z ",
      ]) {
        expect(() => told(front + piece.repeat(8_000), true)).not.toThrow();
      }
    }
  });

  it("gives nobody's words out as a program", () => {
    const words = fc.constantFrom(
      ...["sshd[9]: ", "Nov 27 12:00:01 ", "host ", "<86>1 ", "\n", "- - "],
      ...["2026-11-27T12:00:01Z ", "auth.info ", message, "{", "]: "],
    );
    const text = fc
      .array(fc.oneof(words, fc.string()), { maxLength: 8 })
      .map((parts) => parts.join(""));
    const fronts = ["Nov 27 12:00:01 host app[1]: ", "app[1]: "];
    fc.assert(
      fc.property(text, fc.constantFrom(...fronts), (said, front) => {
        expect(reader().read(front + said)?.identifier).toBe("app");
      }),
    );
  });
});
