import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "@jest/globals";
import { catalogueText, knownMessage } from "../../agent/log/message-ids.js";
import { sh } from "../../scripts/lab/namespace.js";
import { TestFolder } from "../support/folder.js";
import { describeInNamespace } from "../support/kernel/namespace.js";
import { skipped } from "../support/kernel/skipped.js";

const JOURNALD = "/lib/systemd/systemd-journald";

/** A real journald of its own, in a mount namespace of its own. */
describeInNamespace("following a real journal", () => {
  const itHere = existsSync(JOURNALD) ? it : it.skip;
  if (!existsSync(JOURNALD)) skipped("a real journal", `no ${JOURNALD}`);

  itHere.each([
    ["of the boot that this process is told", false],
    ["whose boot has another name, as in a container", true],
  ])(
    "takes what is logged %s",
    async (_, isElsewhere) => {
      using folder = new TestFolder();
      const heard = join(folder.path, "heard");
      const script = folder.file("run", worldOf(folder.path, isElsewhere));
      await sh(`unshare --mount bash ${script}`);
      expect(readFileSync(heard, "utf8").split("\n")).toContain("hello");
      rmSync(heard);
    },
    60_000,
  );
});

/** What an administrator sees of an event that he looks up. */
describeInNamespace("explaining an entry of a real journal", () => {
  const itHere = existsSync(JOURNALD) ? it : it.skip;

  itHere(
    "journalctl -x says what it means, and what to do",
    async () => {
      using folder = new TestFolder();
      const { id } = knownMessage(
        "no connection to the cloud; bans stay in force",
      )!;
      folder.file("tourniquet.catalog", catalogueText());
      const module = (path: string) =>
        JSON.stringify(
          new URL(`../../agent/log/${path}`, import.meta.url).href,
        );
      const say = folder.file(
        "say.mjs",
        `import { openJournal } from ${module("journal.js")};
      import { openLogger } from ${module("winston-logger.js")};
      const entries = await openJournal();
      const log = openLogger({ level: "info", format: "text", journal: true, entries });
      log.warn("no connection to the cloud; bans stay in force", { why: "the proxy is gone" });`,
      );
      const script = folder.file(
        "run",
        `set -e
      mount -t tmpfs tmpfs /run
      mkdir -p /run/systemd/journal /run/log/journal ${folder.path}/catalog
      cp ${folder.path}/tourniquet.catalog ${folder.path}/catalog
      mount --bind ${folder.path}/catalog /usr/lib/systemd/catalog
      mount -t tmpfs tmpfs /var/lib/systemd
      mkdir -p /var/lib/systemd/catalog
      journalctl --update-catalog
      ${JOURNALD} >/dev/null 2>&1 & journald=$!
      trap 'kill $journald 2>/dev/null || true; wait' EXIT
      for i in $(seq 100); do [ -S /run/systemd/journal/socket ] && break; sleep 0.1; done
      for i in $(seq 20); do
        ${process.execPath} ${say} 2>/dev/null
        journalctl --sync || true
        journalctl --no-pager -x -D /run/log/journal MESSAGE_ID=${id} > ${folder.path}/seen || true
        grep -q Subject ${folder.path}/seen && exit 0
        sleep 0.2
      done`,
      );
      await sh(`unshare --mount bash ${script}`);
      const seen = readFileSync(join(folder.path, "seen"), "utf8");
      expect(seen).toContain("tourniquet");
      expect(seen).toContain("Subject: The cloud is not reached");
      expect(seen).toContain("the proxy is gone. It is tried again by itself.");
      expect(seen).toContain("tourniquet doctor");
    },
    60_000,
  );
});

const FOLLOW = new URL(
  "../support/kernel/follow-journal-main.js",
  import.meta.url,
).pathname;

const worldOf = (folder: string, isElsewhere: boolean) => `
set -e
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/journal /run/log/journal
${JOURNALD} >/dev/null 2>&1 & journald=$!
trap 'kill $journald $follower 2>/dev/null || true; wait' EXIT
say() { printf 'MESSAGE=%s\\nSYSLOG_IDENTIFIER=sshd\\n' "$1" | logger --journald; }
for i in $(seq 100); do say before 2>/dev/null && break; sleep 0.1; done
${isElsewhere ? `cat /proc/sys/kernel/random/uuid > ${folder}/boot; mount --bind ${folder}/boot /proc/sys/kernel/random/boot_id` : ""}
${process.execPath} ${FOLLOW} ${folder}/heard & follower=$!
for i in $(seq 200); do
  say hello
  grep -q hello ${folder}/heard 2>/dev/null && exit 0
  sleep 0.1
done
exit 0
`;
