import { until } from "../lab/run.js";
import { ended } from "./ended.js";
import { differences, listingOf } from "./listing.js";
import { answers, ATTACKER, HERE } from "./network.js";
import type { Stage } from "./stage.js";
import type { Teller } from "./teller.js";

/** Where the machine finds the package. */
export const PACKAGES = "/usr/src/packages";

/** What can be said of a package without installing it. */
export async function onPaper(
  deb: string,
  folder: string,
  teller: Teller,
): Promise<void> {
  teller.scene("On paper");
  const lint = await ended(`lintian --allow-root ${deb}`);
  teller.check("lintian finds no error", !/^E:/m.test(lint.out));
  for (const line of lint.out.split("\n").filter(Boolean)) teller.say(line);
  const unpacked = `${folder}/unpacked`;
  await ended(`dpkg-deb --extract ${deb} ${unpacked}`);
  const overrides = await ended(
    `grep -c '^tourniquet:' ${unpacked}/usr/share/lintian/overrides/tourniquet`,
  );
  teller.check(
    `it overrides ${overrides.out.trim()} of lintian's words, at most 10`,
    Number(overrides.out) <= 10,
  );
  const pages = await ended(`cd ${unpacked}/usr/share/man/man8 &&
    gunzip *.gz && mandoc -T lint -W warning tourniquet*.8 && ls | wc -l`);
  teller.check(
    `mandoc finds nothing wrong in ${pages.out.trim()} pages`,
    pages.code === 0,
  );
  const shell = await ended(`bash -ec '
    . ${unpacked}/usr/share/bash-completion/completions/tourniquet
    complete -p tourniquet'`);
  teller.check("bash knows how to complete it", shell.code === 0);
  const { out } = await ended(`cd ${unpacked} && find . -type f`);
  const alien = out
    .split("\n")
    .filter((path) =>
      /prebuild|\/npm\/|\.(c|cc|cpp|h|ts|map|gyp|md)$/.test(path),
    );
  teller.check("no source and no tool to build is in it", alien.length === 0);
  for (const path of alien.slice(0, 5)) teller.say(path);
  for (const unit of ["tourniquet", "tourniquet-restore"]) {
    const file = `${unpacked}/usr/lib/systemd/system/${unit}.service`;
    const rated = await ended(
      `systemd-analyze security --no-pager --offline=true ${file} | tail -n 1`,
    );
    const score = Number(/: ([\d.]+)/.exec(rated.out)?.[1] ?? 10);
    teller.check(`systemd-analyze security ${unit}: ${score}`, score <= 1.8);
    const text = await ended(`grep -c '^MemoryDenyWriteExecute=yes' ${file}`);
    teller.check(`${unit} may not write what it executes`, text.code === 0);
  }
  const bom = await ended(
    `zcat ${unpacked}/usr/share/doc/tourniquet/sbom.cdx.json.gz`,
  );
  const { components } = JSON.parse(bom.out) as {
    components: { purl: string; hashes?: object }[];
  };
  const known = components.filter(({ purl, hashes }) => purl && hashes);
  teller.check(
    `its bill of materials has ${components.length} parts, each with a digest`,
    components.length > 9 && known.length === components.length,
  );
}

/** Into a root where no systemd runs, as for an image, and out of it again. */
export async function inAnImage(
  root: string,
  deb: string,
  teller: Teller,
): Promise<void> {
  teller.scene("In the making of an image");
  const inside = (command: string) =>
    ended(`chroot ${root} /usr/bin/env -i PATH=${PATH} ${command}`);
  await ended(`mount -t proc proc ${root}/proc && cp ${deb} ${root}/tmp/t.deb`);
  await ended("nft add table inet tourniquet");
  const before = await listingIn(root);
  const older = `${root}/tmp/older/DEBIAN`;
  await ended(`dpkg-deb -R ${deb} ${root}/tmp/older
    sed -i -E 's/(ge "|glibc )[0-9.]+/\\19.99/' ${older}/preinst
    dpkg-deb -Zxz -z0 --build ${root}/tmp/older ${root}/tmp/older.deb`);
  const refused = await inside("dpkg -i /tmp/older.deb");
  teller.check(
    "a machine with too old a glibc is told so, and nothing is unpacked",
    refused.code !== 0 &&
      /glibc 9\.99 or newer is needed, and this machine has 2/.test(
        refused.complaint,
      ) &&
      (await listingIn(root)) === before,
  );
  const { code, complaint } = await inside("dpkg -i /tmp/t.deb");
  teller.check(`dpkg -i ends well ${complaint}`.trim(), code === 0);
  const version = await inside("tourniquet --version");
  teller.check(
    `tourniquet --version: ${version.out.trim()}`,
    /^\d+\.\d+\.\d+\n$/.test(version.out),
  );
  const enabled = await inside("systemctl is-enabled tourniquet.service");
  teller.check("the unit is enabled for the first boot", enabled.code === 0);
  const gone = await inside("dpkg --purge tourniquet");
  teller.check(`purge ends well ${gone.complaint}`.trim(), gone.code === 0);
  const left = differences(
    before.split("\n"),
    (await listingIn(root)).split("\n"),
  );
  teller.check("nothing is left", left.length === 0);
  for (const line of left.slice(0, 10)) teller.say(line);
  const table = await ended("nft list table inet tourniquet");
  teller.check("the kernel's table was not its business", table.code === 0);
  await ended(`nft delete table inet tourniquet
    rm -rf ${root}/tmp/t.deb ${root}/tmp/older ${root}/tmp/older.deb
    umount ${root}/proc`);
}

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin";

/** Files but for dpkg's own notes and the backups of passwd, and who is known. */
async function listingIn(root: string): Promise<string> {
  const { out } =
    await ended(`cd ${root} && find . \\( -path ./proc -o -path ./tmp \\
      -o -path ./var/lib/dpkg -o -path ./var/log -o -path ./var/cache/ldconfig \\) -prune \\
      -o ! -name '*-' ! -name .pwd.lock -type f -printf '%m %u:%g %s %p\\n' | sort
    cat etc/passwd etc/group`);
  return out;
}

/** From dpkg to an enforced ban. */
export async function installed(stage: Stage, name: string): Promise<void> {
  const { machine, vendor, teller } = stage;
  teller.scene("Installed on a machine without Node");
  const none = await machine.run("command -v node npm gcc make");
  teller.check("it has no Node, no npm, no compiler", none.out === "");
  const { code, out, complaint } = await machine.run(
    `dpkg -i ${PACKAGES}/${name}`,
  );
  teller.check(`dpkg -i ends well ${complaint}`.trim(), code === 0);
  teller.check("it says what comes next", /tourniquet enrol --token/.test(out));
  const waits = await stage.property("tourniquet.service", "ActiveState");
  teller.check("the daemon waits to be enrolled", waits === "inactive");
  const enrolled = await machine.run(
    `cp /run/lab/ca.pem /etc/tourniquet/ca.pem && chmod 644 /etc/tourniquet/ca.pem
    printf 'version: 1\\ncloud:\\n  caFile: /etc/tourniquet/ca.pem\\n' > /etc/tourniquet/config.yaml
    tourniquet enrol --token-file /run/lab/token && systemctl start tourniquet`,
  );
  const said = enrolled.complaint;
  teller.check(`it enrols and starts ${said}`.trim(), enrolled.code === 0);
  if (enrolled.code !== 0) teller.say(await journal(stage));
  const status = await until("the cloud is connected", async () => {
    const now = await stage.status();
    return now.cloud.at === "up" ? now : undefined;
  });
  teller.check("the daemon enforces and has its cloud", status.enforcing);
  const pid = await stage.property("tourniquet.service", "MainPID");
  const facts = await machine.must(
    `ps -o user= -p ${pid}; readlink /proc/${pid}/exe; grep -E '^(CapEff|NoNewPrivs|Seccomp):|VmRSS' /proc/${pid}/status`,
  );
  teller.check(
    "it runs on its own Node as its own user, with CAP_NET_ADMIN alone, under seccomp",
    /^tourniq/.test(facts) &&
      facts.includes("/usr/lib/tourniquet/bin/node") &&
      /CapEff:\s+0000000000001000/.test(facts) &&
      /NoNewPrivs:\s+1/.test(facts) &&
      /Seccomp:\s+2/.test(facts),
  );
  teller.say(`memory: ${/VmRSS:\s+(.*)/.exec(facts)?.[1] ?? "?"}`);
  const log = await journal(stage);
  const troubles = log.split("\n").filter((line) => /WARN|ERROR/.test(line));
  teller.check("its log has neither warning nor error", troubles.length === 0);
  for (const line of troubles) teller.say(line);
  const selftest = await machine.run("tourniquet selftest");
  teller.check("tourniquet selftest ends well", selftest.code === 0);
  if (selftest.code !== 0) teller.say(selftest.complaint || selftest.out);
  await vendor.order("ban", ATTACKER, "--for", "4h", "--wait");
  teller.check("the attacker is dropped", !(await answers(ATTACKER)));
  teller.check("everybody else is answered", await answers(HERE));
}

const journal = ({ machine }: Stage): Promise<string> =>
  machine.must("journalctl --no-pager -o cat -u tourniquet.service");

/** Bans are there before network and cloud. */
export async function rebooted(stage: Stage): Promise<void> {
  const { machine, vendor, teller } = stage;
  teller.scene("Rebooted, with the cloud away");
  await vendor.close();
  await machine.reboot("systemd.mask=tourniquet.service");
  teller.check("the attacker is dropped", !(await answers(ATTACKER)));
  teller.check("everybody else is answered", await answers(HERE));
  await machine.reboot();
  await until("the daemon is ready", async () =>
    (await stage.status()).enforcing ? true : undefined,
  );
  teller.check("the daemon enforces again, without its cloud", true);
}

/** The machine is as it was. */
export async function purged(
  stage: Stage,
  before: readonly string[],
): Promise<void> {
  const { machine, teller } = stage;
  teller.scene("Removed, and purged");
  const removed = await machine.run("dpkg --remove tourniquet");
  teller.check(
    `removal ends well ${removed.complaint}`.trim(),
    removed.code === 0,
  );
  teller.check("the attacker is answered again", await answers(ATTACKER));
  const kept = await machine.run(
    "test -e /etc/tourniquet/config.yaml -a -e /var/lib/tourniquet/identity.json",
  );
  teller.check(
    "configuration and identity stay until it is purged",
    kept.code === 0,
  );
  const { code, complaint } = await machine.run("dpkg --purge tourniquet");
  teller.check(`purge ends well ${complaint}`.trim(), code === 0);
  const left = differences(before, await listingOf(machine)).filter(
    (line) => !DPKG.test(line),
  );
  teller.check("nothing is left", left.length === 0);
  for (const line of left.slice(0, 10)) teller.say(line);
}

/** What dpkg notes of every package that it has seen. */
const DPKG = / \/var\/lib\/dpkg\/| \/var\/cache\/ldconfig/;
