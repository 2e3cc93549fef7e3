import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import {
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { endianness, tmpdir } from "node:os";
import { join } from "node:path";
import { HostReader } from "../../agent/host/facts.js";
import { SshProcesses } from "../../agent/host/ssh-processes.js";
import { formatCidr } from "../../agent/model/cidr.js";

/** A process as `/proc` shows it. */
interface Shown {
  readonly comm?: string;
  readonly title?: string;
  readonly uid?: number;
  readonly parent?: number;
  /** Left out where nobody may look. */
  readonly program?: string;
  readonly sockets?: readonly number[];
}

/** The files of a host. */
class Files {
  readonly root = mkdtempSync(join(tmpdir(), "tourniquet-logins-"));

  constructor() {
    shows(this.root, 1, { comm: "init", program: "/sbin/init" });
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

function shows(root: string, pid: number, shown: Shown): void {
  const { comm = "sshd", title = "", uid = 0, parent = 1 } = shown;
  const folder = join(root, "proc", String(pid));
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, "fd"), { recursive: true });
  writeFileSync(join(folder, "comm"), `${comm}\n`);
  writeFileSync(join(folder, "cmdline"), `${title}\0\0  \0`);
  const ids = [uid, uid, uid, uid].join("\t");
  const status = `Name:\t${comm}\nPPid:\t${parent}\nUid:\t${ids}\n`;
  writeFileSync(join(folder, "status"), status);
  if (shown.program !== undefined) symlinkSync(shown.program, `${folder}/exe`);
  for (const [fd, inode] of (shown.sockets ?? []).entries()) {
    symlinkSync(`socket:[${inode}]`, `${folder}/fd/${fd + 4}`);
  }
}

describe("a connection to sshd", () => {
  let files: Files;
  let root: string;

  beforeEach(() => {
    files = new Files();
    ({ root } = files);
  });
  afterEach(() => files.remove());

  const SSHD = "/usr/sbin/sshd";
  const serving = async (...inodes: number[]) => [
    ...(await new SshProcesses(join(root, "proc")).serving(new Set(inodes))),
  ];

  it("is a login's once a user is served by it, however he is", async () => {
    const priv = { title: "sshd: alice [priv]", program: SSHD };
    shows(root, 10, { ...priv, sockets: [100] });
    const alice = { uid: 1000, parent: 10, program: SSHD, sockets: [100] };
    shows(root, 11, { ...alice, title: "sshd: alice@pts/0,pts/1" });
    expect(await serving(100, 101)).toEqual([100]);
    shows(root, 11, { ...alice, title: "sshd: alice" }); // ssh -N
    expect(await serving(100)).toEqual([100]);
    shows(root, 12, {
      title: "sshd: root@notty",
      program: SSHD,
      sockets: [102],
    });
    expect(await serving(101, 102)).toEqual([102]);
    const since98 = "/usr/lib/openssh/sshd-session";
    const session = { comm: "sshd-session", program: since98, sockets: [103] };
    shows(root, 13, { ...session, title: "sshd-session: root@pts/2" });
    expect(await serving(103)).toEqual([103]);
  });

  it.each([
    "sshd: [accepted]",
    "sshd: root [priv]",
    "sshd: unknown [priv]",
    "sshd: [net]",
    "sshd: root [net]",
    "sshd-session: root [preauth]",
    "sshd: /usr/sbin/sshd -D [listener] 3 of 10-100 startups",
    "/usr/sbin/sshd -D -R",
    "",
  ])("is nobody's login as long as sshd says %j of it", async (title) => {
    shows(root, 10, { title, program: SSHD, sockets: [100] });
    shows(root, 11, {
      title,
      uid: 101,
      parent: 10,
      program: SSHD,
      sockets: [100],
    });
    expect(await serving(100)).toEqual([]);
  });

  it.each<[string, Shown]>([
    ["a tarpit", { comm: "endlessh", program: "/usr/bin/endlessh" }],
    ["a tarpit called sshd", { program: "/usr/bin/endlessh" }],
    ["a program of a user's", { uid: 1000, parent: 1, program: SSHD }],
  ])("is no login's where it is held by %s", async (_what, shown) => {
    shows(root, 10, { ...shown, title: "sshd: root@pts/0", sockets: [100] });
    expect(await serving(100)).toEqual([]);
  });

  it("tells nothing to whoever may not look", async () => {
    rmSync(join(root, "proc/1"), { recursive: true });
    shows(root, 1, { comm: "init" });
    shows(root, 12, {
      title: "sshd: root@pts/0",
      program: SSHD,
      sockets: [102],
    });
    expect(await serving(102)).toEqual([]);
  });
});

describe("recorded logins", () => {
  let files: Files;
  let root: string;

  beforeEach(() => {
    files = new Files();
    ({ root } = files);
  });
  afterEach(() => files.remove());

  const logins = async () => {
    const unreadable = () => undefined;
    const host = new HostReader({ adminPorts: [22], unreadable, root });
    return (await host.logins()).map(formatCidr);
  };
  const session = (name: string, text: string) => {
    mkdirSync(join(root, "run/systemd/sessions"), { recursive: true });
    const remote = `REMOTE=1\nSERVICE=sshd\n${text}\n`;
    writeFileSync(join(root, "run/systemd/sessions", name), remote);
  };
  const utmp = (...records: Buffer[]) =>
    writeFileSync(join(root, "run/utmp"), Buffer.concat(records));

  it("are logind's, of which those count that are not over", async () => {
    session("1", "STATE=active\nREMOTE_HOST=192.0.2.1");
    session("2", "STATE=closing\nREMOTE_HOST=192.0.2.2");
    session("3", "STATE=online\nREMOTE_HOST=::ffff:192.0.2.3");
    session("1.ref", "STATE=active\nREMOTE_HOST=192.0.2.9");
    expect(await logins()).toEqual(["192.0.2.1", "192.0.2.3"]);
  });

  it("are all of them where hundreds work at once", async () => {
    for (let i = 1; i <= 200; i++) {
      session(String(i), `STATE=active\nREMOTE_HOST=192.0.2.${i}`);
    }
    expect(await logins()).toHaveLength(200);
  });

  it("are utmp's while the process of the record is sshd's", async () => {
    mkdirSync(join(root, "run"), { recursive: true });
    shows(root, 20, {});
    shows(root, 21, { comm: "bash" });
    shows(root, 22, { uid: 1000 });
    utmp(
      record(20, [192, 0, 2, 1]),
      record(21, [192, 0, 2, 2]),
      record(22, [192, 0, 2, 3]),
      record(99, [192, 0, 2, 4]),
      record(20, [192, 0, 2, 5], 8), // DEAD_PROCESS
      record(20, []),
      record(20, [0x20, 1, 0xd, 0xb8, ...Array<number>(11).fill(0), 6]),
      Buffer.alloc(50),
    );
    expect(await logins()).toEqual(["192.0.2.1", "2001:db8::6"]);
  });
});

/** struct utmp of glibc. */
function record(pid: number, address: readonly number[], type = 7): Buffer {
  const [size, addressAt] = process.arch === "arm64" ? [400, 360] : [384, 348];
  const bytes = Buffer.alloc(size);
  const little = endianness() === "LE";
  if (little) bytes.writeUInt16LE(type);
  else bytes.writeUInt16BE(type);
  if (little) bytes.writeUInt32LE(pid, 4);
  else bytes.writeUInt32BE(pid, 4);
  bytes.set(address, addressAt);
  return bytes;
}
