import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { until } from "../lab/run.js";
import { differences, listingOf } from "./listing.js";
import type { Ended } from "./machine.js";
import { answers, ATTACKER, HERE } from "./network.js";
import type { Stage } from "./stage.js";

/** Where the machine finds packages of other versions. */
export const VERSIONS = "/usr/src/versions";

/** So many seconds the broken ones have; the sound ones have what is usual. */
const WITHIN = 25;

const SOUND = "9.0.1";
const NO_START = "9.0.2";
const NO_CLOUD = "9.0.3";
const MENDED = "9.0.4";

/** What is wrong with each version, as a change of the program's files. */
const CHANGES: Readonly<Record<string, string>> = {
  [SOUND]: "true",
  [NO_START]: `sed -i '1i throw new Error("broken at start");' dist/service/daemon.js`,
  // Its ledger has a later format by the time that it is found wanting.
  [NO_CLOUD]: `
    sed -i '/^export async function dial/a await new Promise(() => {});' dist/agent/uplink/dial.js
    sed -i 's/^ *allowed,$/  allowed, { id: 15, up: (db) => void db.exec("ALTER TABLE releases ADD COLUMN later TEXT") },/' \
      dist/agent/ledger/migrations/migrations.js
    sed -i 's/INTO releases VALUES (?, ?, ?, ?, ?)/INTO releases VALUES (?, ?, ?, ?, ?, NULL)/' dist/agent/ledger/operator/releases.js
    grep -q 'new Promise' dist/agent/uplink/dial.js
    grep -q 'id: 15' dist/agent/ledger/migrations/migrations.js
    grep -q NULL dist/agent/ledger/operator/releases.js`,
  [MENDED]: "true",
};

/** Makes packages of other versions out of one, in a folder. */
export async function makeVersions(deb: string, folder: string): Promise<void> {
  const each = Object.entries(CHANGES).map(
    ([version, change]) => `
      rm -rf root && dpkg-deb -R ${deb} root
      sed -i 's/^Version: .*/Version: ${version}/' root/DEBIAN/control
      cd root/usr/lib/tourniquet
      sed -i 's/"version": ".*"/"version": "${version}"/' package.json
      ${change}
      cd ${folder}
      dpkg-deb --root-owner-group -Zxz -z0 --build root ${version}.deb`,
  );
  const script = `mkdir -p ${folder}; cd ${folder}\n${each.join("\n")}\nrm -rf root`;
  await promisify(execFile)("sh", ["-ec", script]);
}

const install = (version: string, within?: number): string =>
  `${within === undefined ? "" : `TOURNIQUET_HEALTHY_WITHIN=${within} `}dpkg -i --force-confold ${VERSIONS}/${version}.deb`;

/** The next version takes the place of the former. */
export async function upgraded(stage: Stage): Promise<void> {
  const { machine, teller } = stage;
  teller.scene("Upgraded");
  const former = await stage.property("tourniquet.service", "MainPID");
  const { code, out } = await droppedAllAlong(stage, () =>
    machine.run(install(SOUND)),
  );
  teller.check("dpkg -i ends well", code === 0);
  if (code !== 0) teller.say(out);
  const now = await stage.property("tourniquet.service", "MainPID");
  teller.check("another daemon runs", now !== former && now !== "0");
  await runs(stage, SOUND);
  await nothingIsLeft(stage);
  const kept = await machine.run("grep -q caFile /etc/tourniquet/config.yaml");
  teller.check("the configuration is the owner's still", kept.code === 0);
}

/** A version that does not start. */
export async function brokenAtStart(stage: Stage): Promise<void> {
  const { machine, teller } = stage;
  teller.scene("Upgraded to a version that does not start");
  const began = performance.now();
  const ended = await droppedAllAlong(stage, () =>
    machine.run(install(NO_START, WITHIN)),
  );
  const tookS = (performance.now() - began) / 1000;
  wentBack(stage, ended, NO_START);
  teller.say(
    `dpkg took ${tookS.toFixed(0)} s, of which ${WITHIN} were given to it`,
  );
  await runs(stage, SOUND);
  const { out } = await machine.run("tourniquet status");
  teller.check(
    "tourniquet status says so",
    /UPGRADE FAILED: version 9\.0\.2 did not/.test(out.replace(/\s+/g, " ")),
  );
  await machine.must("systemctl restart tourniquet");
  await runs(stage, SOUND);
}

/** One that starts, takes the ledger into a format of its own, and hears no cloud. */
export async function neverHealthy(stage: Stage): Promise<void> {
  const { machine, vendor, teller } = stage;
  teller.scene("Upgraded to a version that never becomes healthy");
  const spooled = await lastNumber(stage);
  const ended = await droppedAllAlong(stage, async () => {
    const upgrade = machine.run(install(NO_CLOUD, WITHIN));
    await until(
      "the next version runs",
      () => isVersion(stage, NO_CLOUD),
      60_000,
    );
    await machine.must("tourniquet release 192.0.2.99 --for 2h");
    await machine.must("tourniquet ban 192.0.2.98 --for 2h");
    await vendor.order("ban", "192.0.2.97", "--for", "4h");
    return upgrade;
  });
  wentBack(stage, ended, NO_CLOUD);
  await runs(stage, SOUND);
  await stayed(stage, spooled);
}

/** What was said and done while the other version ran. */
async function stayed(stage: Stage, spooled: number): Promise<void> {
  const { machine, teller } = stage;
  const list = await machine.must("tourniquet release --list");
  teller.check("what was released meanwhile is", list.includes("192.0.2.99"));
  const own = await machine.must("tourniquet bans 192.0.2.98");
  teller.check("what was banned here meanwhile is", own.includes("192.0.2.98"));
  const fetched = await until(
    "what the cloud banned meanwhile is fetched",
    async () =>
      (await machine.must("tourniquet bans 192.0.2.97")).includes("192.0.2.97")
        ? true
        : undefined,
    60_000,
  ).catch(() => false);
  teller.check("what the cloud banned meanwhile is fetched", fetched);
  teller.check(
    "the spool's numbers went on",
    (await lastNumber(stage)) >= spooled,
  );
}

/** The machine loses its power while files are replaced, and while one is tried. */
export async function powerCut(stage: Stage): Promise<void> {
  const { machine, teller } = stage;
  teller.scene("The power fails in the middle of an upgrade");
  for (const [what, seen] of CUTS) {
    const upgrade = machine.run(install(NO_CLOUD, 120));
    await until(
      what,
      async () => ((await machine.run(seen)).code === 0 ? true : undefined),
      60_000,
    );
    await machine.cutPower();
    await upgrade.catch(() => undefined);
    await machine.boot("systemd.mask=tourniquet.service");
    const { code } = await machine.run(
      "systemctl is-active tourniquet-restore",
    );
    teller.check(`${what}: at the next boot, bans are restored`, code === 0);
    teller.check("the attacker is dropped", !(await answers(ATTACKER)));
    await machine.reboot();
    await runs(stage, SOUND);
    const { out } = await machine.run("tourniquet status");
    teller.check("tourniquet status says so", /UPGRADE/.test(out));
  }
}

/** When the power fails, and how it is known from inside that it is time. */
const CUTS = [
  [
    "while files are replaced",
    "ls /usr/lib/tourniquet/dist/agent/*.dpkg-new /usr/lib/tourniquet/bin/*.dpkg-new",
  ],
  [
    "while the next version is tried",
    `test -e /run/systemd/system/tourniquet.service && tourniquet status --json | grep -q '"version":"${NO_CLOUD}"'`,
  ],
] as const;

/** A later version mends it. */
export async function mended(stage: Stage): Promise<void> {
  const { machine, teller } = stage;
  teller.scene("Upgraded to a version that mends it");
  const { code, complaint } = await droppedAllAlong(stage, () =>
    machine.run(install(MENDED)),
  );
  teller.check(
    `dpkg -i ends well ${code === 0 ? "" : complaint}`.trim(),
    code === 0,
  );
  await runs(stage, MENDED);
  await nothingIsLeft(stage);
}

/** Nothing is replaced where not all of it would fit. */
export async function diskFull(stage: Stage): Promise<void> {
  const { machine, teller } = stage;
  teller.scene("Upgraded on a full disk");
  const before = await listingOf(machine);
  await machine.leaveFree("90m");
  const { code, complaint } = await machine.run(install(MENDED));
  await machine.leaveFree();
  teller.check(
    `it is refused: ${/tourniquet: (.*)/.exec(complaint)?.[1] ?? complaint}`,
    code !== 0 &&
      /needs? \d+ MiB .* MiB are free; nothing was changed/.test(complaint),
  );
  const changed = differences(before, await listingOf(machine)).filter(
    (line) => !/\/var\/lib\/(dpkg|tourniquet)\/| \/var\/cache/.test(line),
  );
  teller.check("nothing was changed", changed.length === 0);
  for (const line of changed.slice(0, 10)) teller.say(line);
  await runs(stage, SOUND);
}

/** Asks as the attacker for as long as something goes on. */
async function droppedAllAlong(
  { teller }: Stage,
  act: () => Promise<Ended>,
): Promise<Ended> {
  const asked = { answered: 0, dropped: 0, over: false };
  const asking = (async () => {
    while (!asked.over) {
      if (await answers(ATTACKER)) asked.answered += 1;
      else asked.dropped += 1;
    }
  })();
  const ended = await act();
  asked.over = true;
  await asking;
  const { answered, dropped } = asked;
  teller.check(
    `the attacker was dropped all along, ${dropped} times of ${dropped + answered}`,
    answered === 0 && dropped > 0,
  );
  return ended;
}

function wentBack({ teller }: Stage, ended: Ended, version: string): void {
  const { code, complaint } = ended;
  teller.check("dpkg -i fails", code !== 0);
  const said = complaint.replace(/\s+/g, " ");
  teller.check(
    "and says that the former version runs again",
    said.includes(`version ${version} did not become healthy within`) &&
      said.includes(`and version ${SOUND} runs again`),
  );
  for (const line of complaint.split("\n").slice(0, 8)) teller.say(line);
}

const isVersion = async (stage: Stage, version: string) =>
  (await stage.status()).version === version ? true : undefined;

/** This version runs, enforces, and hears its cloud. */
async function runs(stage: Stage, version: string): Promise<void> {
  const { teller, machine } = stage;
  const well = await until(
    `${version} enforces`,
    async () => {
      const now = await stage.status();
      const isWell = now.enforcing && now.cloud.at === "up";
      return now.version === version && isWell ? true : undefined;
    },
    60_000,
  ).catch(() => false);
  teller.check(`version ${version} enforces, and hears its cloud`, well);
  if (!well) {
    teller.say(
      await machine.must("journalctl --no-pager -n 40 -o cat -u tourniquet"),
    );
  }
  teller.check("the attacker is dropped", !(await answers(ATTACKER)));
  teller.check("everybody else is answered", await answers(HERE));
}

async function nothingIsLeft({ machine, teller }: Stage): Promise<void> {
  const left = await machine.run(
    "ls -d /usr/lib/tourniquet.* /usr/local/lib/systemd /var/lib/tourniquet/former /run/systemd/system/tourniquet*",
  );
  teller.check("nothing of the former version is left", left.out === "");
  if (left.out !== "") teller.say(left.out);
}

/** The highest number that an item of telemetry ever had. */
async function lastNumber({ machine }: Stage): Promise<number> {
  const text = await machine.must("tourniquet telemetry show --json");
  const found = /"last":(\d+)/.exec(text)?.[1];
  return Number(found ?? Number.NaN);
}
