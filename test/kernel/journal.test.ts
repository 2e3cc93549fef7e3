import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "@jest/globals";
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
