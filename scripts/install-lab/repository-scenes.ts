import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { publish } from "../../packaging/repository.js";
import { ended } from "./ended.js";
import type { Teller } from "./teller.js";

/** A Debian root, and where the repository is that it installs from. */
interface Reader {
  readonly root: string;
  readonly teller: Teller;
}

/** What apt takes from a signed repository, and what it refuses. */
export async function fromARepository(
  debs: readonly string[],
  folder: string,
  { root, teller }: Reader,
): Promise<void> {
  teller.scene("From a repository");
  const ring = join(folder, "gnupg");
  await ended(`mkdir -m 0700 ${ring}`);
  process.env["GNUPGHOME"] = ring;
  for (const name of ["vendor", "other"]) {
    await ended(
      `gpg --batch --passphrase '' --quick-gen-key '${name}@example.org' ed25519 sign never`,
    );
  }
  const to = join(root, "srv/tourniquet");
  const publicKey = publish(debs, { folder: to, key: "vendor@example.org" });
  const inside = (command: string) =>
    ended(`chroot ${root} /usr/bin/env -i PATH=${PATH} ${command}`);
  await ended(`mkdir -p ${root}/tmp/apt/lists/partial ${root}/tmp/apt/archives/partial
    cp ${publicKey} ${root}/tmp/apt/key.asc
    echo 'deb [signed-by=/tmp/apt/key.asc] file:/srv/tourniquet stable main' > ${root}/tmp/apt/sources.list
    mount -t proc proc ${root}/proc`);
  const heard = await inside(`apt-get ${APART} update`);
  teller.check(`apt believes its lists ${complaint(heard)}`, heard.code === 0);
  const install = `apt-get ${APART} -y --no-install-recommends install tourniquet`;
  const taken = await inside(install);
  const version = await inside("tourniquet --version");
  teller.check(
    `apt-get install tourniquet: ${version.out.trim()} ${complaint(taken)}`,
    taken.code === 0 && /^\d+\.\d+\.\d+\n$/.test(version.out),
  );
  await inside("dpkg --purge tourniquet");

  const [deb = ""] = readdirSync(join(to, "pool")).filter((name) =>
    name.endsWith("_amd64.deb"),
  );
  await ended(`printf x >> ${to}/pool/${deb}`);
  const changed = await inside(install);
  teller.check(
    "a package of which a byte is another is refused",
    changed.code !== 0 && !/unpack/i.test(changed.out),
  );
  publish(debs, { folder: to, key: "other@example.org" });
  const forged = await inside(
    `apt-get ${APART} -o APT::Update::Error-Mode=any update`,
  );
  teller.check(
    "lists that another key signed are refused",
    forged.code !== 0 && /NO_PUBKEY|not signed/.test(forged.complaint),
  );
  await ended(`rm -rf ${root}/srv/tourniquet ${root}/tmp/apt
    umount ${root}/proc`);
}

/** What it looks at is ours alone, and what it keeps is not the machine's. */
const APART = [
  "Dir::Etc::sourcelist=/tmp/apt/sources.list",
  "Dir::Etc::sourceparts=-",
  "Dir::State::lists=/tmp/apt/lists",
  "Dir::Cache::archives=/tmp/apt/archives",
  "APT::Sandbox::User=root",
]
  .map((setting) => `-o ${setting}`)
  .join(" ");

const PATH = "/usr/sbin:/usr/bin:/sbin:/bin";

const complaint = ({
  code,
  complaint: said,
}: {
  code: number;
  complaint: string;
}) => (code === 0 ? "" : said.trim());

/** Compiled on another kind of machine; runs here in an emulator. */
export async function forArm64(
  deb: string,
  folder: string,
  teller: Teller,
): Promise<void> {
  teller.scene(`${basename(deb)}, run under qemu-user`);
  const lint = await ended(`lintian --allow-root ${deb}`);
  teller.check("lintian finds no error", !/^E:/m.test(lint.out));
  const unpacked = join(folder, "unpacked-arm64");
  await ended(`dpkg-deb --extract ${deb} ${unpacked}`);
  const kinds = await ended(
    `find ${unpacked} -type f -exec sh -c 'readelf -h "$1" 2>/dev/null | grep Machine:' sh {} ';' | sort | uniq -c`,
  );
  teller.check(
    `all that is compiled is for it: ${kinds.out.trim().replace(/\s+/g, " ")}`,
    /^\s*3\s+Machine:\s+AArch64\n$/.test(kinds.out),
  );
  const program = `${unpacked}/usr/lib/tourniquet`;
  const command = `qemu-aarch64-static -L /usr/aarch64-linux-gnu ${program}/bin/node --jitless ${program}/dist/service/main.js`;
  const config = join(folder, "arm64.yaml");
  await ended(`printf 'guard: { allow: [192.0.2.1] }\\n' > ${config}`);
  const checked = await ended(`${command} -c ${config} config check`);
  teller.check(
    `tourniquet config check: ${checked.out.trim().split("\n").at(-1) ?? ""} ${complaint(checked)}`,
    checked.code === 0,
  );
}
