import { setTimeout as sleep } from "node:timers/promises";
import { until } from "../lab/run.js";
import { differences, listingOf } from "./listing.js";
import { SOURCE } from "./machine.js";
import { answers, ATTACKER, HERE } from "./network.js";
import type { Stage } from "./stage.js";

/** Wrong orders are refused in one line, and a plan changes nothing. */
export async function refusals(stage: Stage): Promise<void> {
  const { machine, vendor, teller } = stage;
  teller.scene("Before anything is installed");
  const plan = await stage.install("--dry-run");
  teller.check("--dry-run shows the plan", /enrol with https/.test(plan.out));
  const wrong = `${SOURCE}/installer/install.sh --cloud https://other.example --token-file /run/lab/token`;
  const other = await machine.run(wrong);
  teller.check(
    "a token for another cloud is refused in one line",
    other.code === 2 && /is for https:/.test(oneLine(other.complaint)),
  );
  const nobody = await machine.run(
    `setpriv --reuid=65534 --regid=65534 --clear-groups -- ${wrong}`,
  );
  teller.check(
    "without root it says so in one line",
    nobody.code === 1 && /must run as root/.test(oneLine(nobody.complaint)),
  );
  await vendor.close();
  const unreachable = await stage.install();
  teller.check(
    "a cloud that is away is told in one line",
    unreachable.code === 1 &&
      /cannot reach/.test(oneLine(unreachable.complaint)),
  );
  await vendor.open();
}

/** From nothing to a protected host. */
export async function installation(stage: Stage): Promise<void> {
  const { machine, teller } = stage;
  teller.scene("Installed");
  const begun = performance.now();
  const { code, complaint } = await stage.install();
  const tookMs = Math.round(performance.now() - begun);
  teller.check(`install.sh ends well ${complaint}`.trim(), code === 0);
  teller.say(`it took ${tookMs} ms, the enrolment and the start included`);
  const status = await until("the cloud is connected", async () => {
    const now = await stage.status();
    return now.cloud.at === "up" ? now : undefined;
  });
  teller.check("the daemon enforces and has its cloud", status.enforcing);
  const text = await stage.property("tourniquet.service", "StatusText");
  teller.check(`systemd knows it: "${text}"`, /enforcing|retrying/.test(text));

  const pid = await stage.property("tourniquet.service", "MainPID");
  const facts = await machine.must(
    `ps -o user= -p ${pid}; grep -E '^(CapEff|NoNewPrivs|Seccomp):|VmRSS' /proc/${pid}/status`,
  );
  teller.check(
    "it runs as its own user with CAP_NET_ADMIN alone, under seccomp",
    /^tourniq/.test(facts) &&
      /CapEff:\s+0000000000001000/.test(facts) &&
      /NoNewPrivs:\s+1/.test(facts) &&
      /Seccomp:\s+2/.test(facts),
  );
  teller.say(`memory: ${/VmRSS:\s+(.*)/.exec(facts)?.[1] ?? "?"}`);
  const log = await machine.must("journalctl --no-pager -u tourniquet.service");
  const troubles = log
    .split("\n")
    .filter((line) => / (WARN|ERROR) /.test(line));
  teller.check("its log has neither warning nor error", troubles.length === 0);
  for (const line of troubles) teller.say(line);
  await exposure(stage, "tourniquet.service");
  await exposure(stage, "tourniquet-restore.service");

  const again = await stage.install();
  teller.check(
    "installing again finds everything done, and restarts nothing",
    again.code === 0 &&
      !/^ {2}[^:]+: (?!unchanged)/m.test(again.out) &&
      (await stage.property("tourniquet.service", "MainPID")) === pid,
  );
}

const BETWEEN_FAILURES_MS = 400;

/** A container has a boot of its own, which its units are told nothing of. */
export async function sensing({ machine, teller }: Stage): Promise<void> {
  teller.scene("Failed logins in a container's journal");
  const address = "203.0.113.77";
  for (let port = 1; port <= 6; port++) {
    await machine.must(
      `logger -t sshd "Failed password for root from ${address} port ${port} ssh2"`,
    );
    await sleep(BETWEEN_FAILURES_MS); // journalctl may show the end of a burst late
  }
  const banned = await until("the attacker is banned", async () => {
    const bans = await machine.run("tourniquet bans");
    return bans.out.includes(address) ? true : undefined;
  }).catch(() => false);
  teller.check("its sensor bans after five failures", banned);
}

async function exposure({ machine, teller }: Stage, unit: string) {
  const text = await machine.must(
    `systemd-analyze security --no-pager ${unit} | tail -n 1`,
  );
  const score = Number(/: ([\d.]+)/.exec(text)?.[1] ?? 10);
  teller.check(`systemd-analyze security ${unit}: ${score}`, score <= 2);
}

/** A ban that the cloud decides drops packets here, whatever the daemon does. */
export async function enforcement(stage: Stage): Promise<void> {
  const { machine, vendor, teller } = stage;
  teller.scene("A ban from the cloud");
  teller.check("before: the attacker is answered", await answers(ATTACKER));
  const out = await vendor.order("ban", ATTACKER, "--for", "4h", "--wait");
  teller.check("the cloud has the receipt", /enforced|receipt|ms/.test(out));
  teller.check("after: the attacker is dropped", !(await answers(ATTACKER)));
  teller.check("everybody else is answered", await answers(HERE));

  teller.scene("The daemon is killed");
  const before = await stage.property("tourniquet.service", "MainPID");
  const begun = performance.now();
  await machine.must(`kill -9 ${before}`);
  teller.check("bans stay while it is dead", !(await answers(ATTACKER)));
  await until("it is back", async () => {
    const text = await machine.must(
      "systemctl show --property=MainPID,SubState tourniquet.service",
    );
    const back = text.includes("running") && !text.includes(`=${before}\n`);
    return back ? true : undefined;
  });
  const backMs = Math.round(performance.now() - begun);
  teller.check(`systemd has it back and ready after ${backMs} ms`, true);
  teller.check("the attacker is still dropped", !(await answers(ATTACKER)));
}

/** A daemon that hangs is ended and started again by the watchdog. */
export async function watchdog({ machine, teller }: Stage): Promise<void> {
  teller.scene("The daemon hangs");
  const daemon = "tourniquet.service";
  const folder = `/run/systemd/system/${daemon}.d`;
  await machine.must(`mkdir -p ${folder}
    printf '[Service]\\nWatchdogSec=2\\n' > ${folder}/lab.conf
    systemctl daemon-reload && systemctl restart ${daemon}`);
  await sleep(4_500);
  const show = `systemctl show --property=NRestarts --value ${daemon}`;
  const quiet = (await machine.must(show)).trim() === "0";
  teller.check("it keeps a watchdog of two seconds content", quiet);
  await machine.must(`kill -STOP $(systemctl show -P MainPID ${daemon})`);
  await until("the watchdog acts", async () =>
    (await machine.must(show)).trim() === "0" ? undefined : true,
  );
  await until("it is ready again", async () =>
    (await machine.must(`systemctl is-active ${daemon}`)) === "active"
      ? true
      : undefined,
  );
  teller.check("stopped dead, it is ended and started anew", true);
  teller.check("bans stayed meanwhile", !(await answers(ATTACKER)));
  await machine.must(`rm -r ${folder}; systemctl daemon-reload`);
}

/** Bans are back before the network, without daemon and without cloud. */
export async function reboots(stage: Stage): Promise<void> {
  const { machine, vendor, teller } = stage;
  teller.scene("Rebooted, with the cloud away and the daemon masked");
  await vendor.close();
  await machine.reboot("systemd.mask=tourniquet.service");
  const state = await stage.property("tourniquet.service", "ActiveState");
  teller.check("the daemon does not run", state === "inactive");
  await restored(stage);
  teller.check("the attacker is dropped", !(await answers(ATTACKER)));
  teller.check("everybody else is answered", await answers(HERE));

  teller.scene("Rebooted, the cloud still away");
  await machine.reboot();
  await restored(stage);
  teller.check("the attacker is dropped", !(await answers(ATTACKER)));
  await inOrder(stage);
  const { out } = await machine.run("tourniquet restore");
  teller.check(
    "restore leaves the ledger to the daemon that runs",
    /the agent runs/.test(out),
  );
  await vendor.open();
  await until("the cloud is connected again", async () =>
    (await stage.status()).cloud.at === "up" ? true : undefined,
  );
  await vendor.order("lift", ATTACKER);
  await stage.untilAnswered(true);
  teller.check("the cloud is back: a lift is obeyed", true);
  await vendor.order("ban", ATTACKER, "--wait");
}

/** In the words of the unit that did it, in this boot. */
async function restored({ machine, teller }: Stage): Promise<void> {
  const show = "journalctl --boot --no-pager --output=cat --unit";
  const words = await machine.must(`${show} tourniquet-restore.service`);
  const holds = words.includes("the kernel holds the ledger's revision");
  teller.check("the kernel was told what the ledger says", holds);
  if (!holds) words.split("\n").forEach((line) => teller.say(line));
}

/** By systemd's clock, in microseconds since the boot. */
async function inOrder(stage: Stage): Promise<void> {
  const moment = async (unit: string, name: string) =>
    Number(await stage.property(unit, `${name}TimestampMonotonic`));
  const restore = "tourniquet-restore.service";
  const begun = await moment(restore, "ExecMainStart");
  const restored = await moment(restore, "ExecMainExit");
  const network = await moment("network-pre.target", "ActiveEnter");
  const daemon = await moment("tourniquet.service", "ExecMainStart");
  const fits = 0 < restored && restored <= network && network <= daemon;
  const ms = (from: number, to: number) => Math.round((to - from) / 1000);
  stage.teller.check("bans were in force before network and daemon", fits);
  stage.teller.say(
    `restore took ${ms(begun, restored)} ms; network-pre ${ms(restored, network)} ms after it, the daemon ${ms(restored, daemon)} ms`,
  );
}

/** The machine is as it was. */
export async function removal(
  stage: Stage,
  before: readonly string[],
): Promise<void> {
  const { teller } = stage;
  teller.scene("Uninstalled");
  const { code, complaint } = await stage.uninstall();
  teller.check(`uninstall ends well ${complaint}`.trim(), code === 0);
  teller.check("the attacker is answered again", await answers(ATTACKER));
  await nothingLeft(stage, before);
  const again = await stage.uninstall();
  teller.check("uninstalling again is harmless", again.code === 0);
}

/** Killed as each of its steps begins: what comes next makes it whole, or undoes it. */
export async function interruptions(
  stage: Stage,
  before: readonly string[],
): Promise<void> {
  const { machine, teller } = stage;
  teller.scene("The installer is killed at every step");
  await stage.handOver();
  const plan = (await stage.install("--dry-run")).out.split("\n");
  const steps = plan.flatMap((line) => /^ {2}([^:]+): /.exec(line)?.[1] ?? []);
  for (const step of steps) {
    await stage.handOver();
    const killed = await machine.killAt(stage.installCommand, (line) =>
      line.startsWith(`  ${step}: `),
    );
    // The last step takes less time than it takes to hear of it.
    const late = killed.code === 0;
    teller.say(`killed ${late ? "just after" : "at"} "${step}"`);
    const undone = await stage.uninstall();
    if (undone.code !== 0) teller.say(undone.complaint);
    await nothingLeft(stage, before, `at "${step}", then uninstalled: `);

    await stage.handOver();
    await machine.killAt(stage.installCommand, (line) =>
      line.startsWith(`  ${step}: `),
    );
    await stage.handOver();
    const second = await stage.install();
    const whole = second.code === 0 && (await stage.status()).enforcing;
    teller.check(`at "${step}", then installed: it is whole`, whole);
    if (!whole) teller.say(second.complaint);
    await stage.uninstall();
    await nothingLeft(stage, before, `and uninstalled: `);
  }
}

async function nothingLeft(
  { machine, teller }: Stage,
  before: readonly string[],
  when = "",
): Promise<void> {
  const left = differences(before, await listingOf(machine));
  teller.check(`${when}nothing is left`, left.length === 0);
  for (const line of left.slice(0, 10)) teller.say(line);
}

const oneLine = (text: string): string => (text.includes("\n") ? "" : text);
