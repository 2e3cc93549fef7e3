import { printable } from "../../../agent/log/printable.js";
import { countText } from "../../../agent/text/count.js";
import { messageOf } from "../../../agent/text/message.js";
import type { StatusView } from "../../control/status-view.js";
import { good, wrong, type Check } from "./check.js";

/** What the running agent says of itself. */
export function agentChecks(status: StatusView): readonly Check[] {
  return [
    verdictCheck(status),
    linkCheck(status),
    sensorCheck(status),
    ...status.uncovered.map((way) =>
      wrong("warning", "paths", [
        printable(way),
        "packets on that way meet no ban",
        "see docs/what-a-ban-closes.md, or: tourniquet selftest",
      ]),
    ),
  ];
}

/** Commands still work without it: bans stay in the kernel. */
export const noAgentCheck = (why: unknown): Check =>
  wrong("bad", "agent", [
    messageOf(why),
    "bans in the kernel stay until they expire; no new ones come, nobody watches over them",
    "sudo systemctl start tourniquet; if it ends again: journalctl -u tourniquet",
  ]);

/** It may run, and this user may not ask it. */
export const noAnswerCheck = (why: unknown): Check =>
  wrong("unknown", "agent", [
    messageOf(why),
    "what it does could not be asked",
    "run it with sudo: sudo tourniquet doctor",
  ]);

function verdictCheck({ verdict, version }: StatusView): Check {
  const text = `version ${version} runs: ${printable(verdict.text)}`;
  if (verdict.does === "enforcing") return good("agent", text);
  const [first] = verdict.findings;
  return wrong(verdict.does === "not" ? "bad" : "warning", "agent", [
    text,
    verdict.does === "not"
      ? "nothing, or not all, of what is banned is dropped"
      : "not all of what is banned is dropped",
    first?.advice ?? "see: tourniquet status --verbose",
  ]);
}

function linkCheck({ cloud }: StatusView): Check {
  if (cloud.at === "none") return good("link", "stand-alone: no cloud");
  if (cloud.at === "up") {
    const address = cloud.address ?? "?";
    if (cloud.caughtUp) return good("link", `connected to ${address}`);
    return wrong("warning", "link", [
      `connected to ${address}, and catching up`,
      "the newest bans are not all here yet",
      "wait a moment; if it stays so: tourniquet verify",
    ]);
  }
  return wrong("bad", "link", [
    `not connected: ${printable(cloud.why ?? "?")}`,
    "no new bans come from the cloud; those in force stay until they expire",
    "see the other checks here; what the cloud refuses, its operator mends",
  ]);
}

function sensorCheck({ sensors }: StatusView): Check {
  if (sensors.length === 0) {
    return wrong("warning", "sensors", [
      "none reads anything",
      "this host does not defend itself by its own logs",
      "see sensors.sshd.enabled in config.yaml",
    ]);
  }
  const untrusted = sensors.filter(({ trust }) => trust === "nobody");
  const names = (some: StatusView["sensors"]) =>
    some
      .map(({ name, source }) => `${printable(name)} of ${printable(source)}`)
      .join(", ");
  if (untrusted.length > 0) {
    return wrong("warning", "sensors", [
      `nobody vouches for what ${names(untrusted)} reads`,
      "anybody may write there, so nobody is banned by it",
      "have sshd log to the journal, or to a file that only root writes",
    ]);
  }
  const lines = sensors.reduce((sum, each) => sum + each.ofService, 0);
  return good("sensors", `${names(sensors)}: ${countText(lines, "line")} read`);
}
