import { readFileSync } from "node:fs";
import type { Command } from "commander";
import type { Config } from "../../../agent/config/config.js";
import { parseJson, parseShape } from "../../../agent/protocol/shapes.js";
import { failed, misused } from "../../../agent/text/failure.js";
import { messageOf } from "../../../agent/text/message.js";
import { askAgent } from "../../control/client.js";
import {
  Positions,
  firstDivergence,
  type Place,
} from "../../control/positions.js";
import { table } from "../../terminal/table.js";
import { momentText } from "../../terminal/when.js";

/** `tourniquet verify`: was this host shown the same as everybody else? */
export function verifyCommand(program: Command, config: () => Config): void {
  program
    .command("verify")
    .description(
      "compare what this host took in with the cloud's word, or with another host",
    )
    .option("--with <file>", "what verify --json printed on another host")
    .option("--json", "print one JSON object, for another host's --with")
    .action(async (options: { with?: string; json?: boolean }) => {
      const { controlSocket } = config();
      const answer = await askAgent(controlSocket, "/v1/positions");
      const here = parseShape(Positions, answer, "the agent's positions");
      if (options.json === true) {
        process.stdout.write(`${JSON.stringify(here)}\n`);
        return;
      }
      const findings =
        options.with === undefined
          ? againstCloud(here)
          : againstHost(here, readPositions(options.with));
      process.stdout.write(`${asText(here, findings)}\n`);
      const diverged = findings.filter(({ isWrong }) => isWrong);
      if (diverged.length === 0) return;
      throw failed(
        `this host was shown another history: ${diverged.map(({ feed, text }) => `${feed} ${text}`).join("; ")}`,
      );
    });
}

interface Finding {
  readonly feed: string;
  readonly text: string;
  readonly isWrong: boolean;
}

type FeedPositions = Positions["feeds"][number];

function againstCloud({ feeds }: Positions): readonly Finding[] {
  return feeds.map((own) => {
    const { feed, head, position } = own;
    if (head === null)
      return fine(
        feed,
        "the cloud has said nothing of it since the agent started",
      );
    // Of one place there may be two sights: as it was taken in, and as a head.
    const found = divergence(feed, sightsOf(own), [head], "the cloud says");
    if (found !== undefined) return found;
    return fine(feed, besideHead(position, head));
  });
}

/** What no divergence is may be early or late: heads come once a minute. */
function besideHead(
  position: FeedPositions["position"],
  head: NonNullable<FeedPositions["head"]>,
): string {
  const said = `${placeOf(head)} at ${momentText(head.time)}`;
  if (position === null) {
    return head.offset === 0
      ? "empty, as the cloud says"
      : `not taken in yet; the cloud is at ${said}`;
  }
  if (isSame(position, head)) return `as the cloud says: ${said}`;
  if (position.epoch !== head.epoch) {
    return `the cloud began anew: it is at ${said}, and is being caught up with`;
  }
  return position.offset > head.offset
    ? `newer than the cloud's latest word of it: ${said}`
    : `being caught up with: the cloud is at ${said}`;
}

function againstHost(here: Positions, there: Positions): readonly Finding[] {
  return here.feeds.flatMap((own) => {
    const { feed } = own;
    const other = there.feeds.find((each) => each.feed === feed);
    if (other === undefined) return []; // another org's is none of theirs
    const theirs = sightsOf(other);
    const found = divergence(feed, sightsOf(own), theirs, "there it is");
    if (found !== undefined) return found;
    if (own.position === null && other.position === null) {
      return fine(feed, "empty on both hosts");
    }
    if (isSame(own.position, other.position)) {
      return fine(feed, "stands where the other host does");
    }
    const common = sightsOf(own).filter((each) =>
      theirs.some((their) => isSame(each, their)),
    );
    const last = common.sort((a, b) => a.offset - b.offset).at(-1);
    return fine(
      feed,
      last === undefined
        ? "nothing in common to compare; try again in a minute"
        : `the same up to ${placeOf(last)}`,
    );
  });
}

function divergence(
  feed: string,
  here: readonly Place[],
  there: readonly Place[],
  who: string,
): Finding | undefined {
  const found = firstDivergence(here, there);
  if (found === undefined) return undefined;
  const text = `diverges at ${placeOf(found)}: here it is ${found.here}, ${who} ${found.there}`;
  return { feed, text, isWrong: true };
}

const fine = (feed: string, text: string): Finding => ({
  feed,
  text,
  isWrong: false,
});

const sightsOf = ({ position, seen }: FeedPositions): readonly Place[] =>
  position === null ? seen : [...seen, position];

const isSame = (a: Place | null, b: Place | null): boolean =>
  a?.epoch === b?.epoch && a?.offset === b?.offset && a?.hash === b?.hash;

const placeOf = ({ epoch, offset }: Pick<Place, "epoch" | "offset">) =>
  `${epoch}/${offset}`;

function asText(
  { root, feeds }: Positions,
  findings: readonly Finding[],
): string {
  const rows = feeds.map(({ feed, position }) => [
    feed,
    position ? placeOf(position) : "empty",
    position?.hash ?? "",
    findings.find((each) => each.feed === feed)?.text ?? "",
  ]);
  return [
    `root ${root.version}, fingerprint ${root.fingerprint}`,
    table(["feed", "at", "hash", ""], rows),
  ].join("\n");
}

function readPositions(path: string): Positions {
  try {
    return parseJson(Positions, readFileSync(path, "utf8"), path);
  } catch (error) {
    throw misused(`--with ${path}: ${messageOf(error)}`, error);
  }
}
