import { Option, type Command } from "commander";
import { systemClock } from "../../agent/runtime/clock.js";
import { misused } from "../../agent/text/failure.js";
import type { ActuatorLimits } from "../journal/operator-events.js";
import { isOperatorName, NAME_WORDS } from "../operators/names.js";
import { ROLES } from "../operators/roles.js";
import { rescueAdmin } from "../setup.js";
import {
  addOperator,
  changeOperator,
  credentialsOf,
  makeOperatorToken,
  operatorsOf,
  revokeCredential,
  whoAmI,
} from "./ask-operators.js";
import { clientOf } from "./client.js";
import type { Io } from "./io.js";
import { JSON_HELP, jsonLines } from "./json.js";
import {
  credentialTable,
  operatorTable,
  toldMyself,
} from "./told-operators.js";

interface Options {
  readonly role?: string;
  readonly org?: string;
  readonly vendorWide?: true;
  readonly limits?: ActuatorLimits;
  readonly collection?: string;
  readonly disabled?: true;
  readonly reason?: string;
  readonly label?: string;
  readonly expires: string;
  readonly json?: true;
}

/** operator …, whoami. */
export function addOperatorCommands(program: Command, io: Io): void {
  const operator = program
    .command("operator")
    .description("people and machines that work with this cloud")
    .addHelpText("after", HELP);
  addAdd(operator, io);
  addList(operator, io);
  addChange(operator, io);
  addSwitches(operator, io);
  addToken(operator, io);
  addTokens(operator, io);
  addRevoke(operator, io);
  addRescue(operator, io);
  addWhoAmI(program, io);
}

const HELP = `
Roles, each with all that those before it may do:
  partner    reads the bans of one feed (--collection)
  viewer     reads everything that is theirs to see
  actuator   a machine: bans and lifts within --limits; beyond, it proposes
  analyst    bans, lifts, imports; refuses proposals
  approver   releases proposals, publishes approvals
  admin      lets people, hosts and orgs in, and sends them away

Examples:
  $ tourniquet-cloud operator add "Anna Example" --role analyst
  $ tourniquet-cloud operator token "Anna Example" --expires 30d > anna.token
  $ tourniquet-cloud operator add soar --role actuator --limits per-minute=10,v4=32,v6=64,longest=4h
  $ tourniquet-cloud operator add ben --role viewer --org example`;

function addAdd(operator: Command, io: Io): void {
  withGrant(operator.command("add"))
    .description("let somebody in, and print their id; then make them a token")
    .argument("<name>", "what decisions will call them")
    .option("--json", JSON_HELP)
    .action(async (name: string, _, command: Command) => {
      const options = command.optsWithGlobals<Options>();
      const { role } = options;
      if (role === undefined) throw misused("--role is needed");
      const order = { ...grantIn(options), name };
      const added = await addOperator(clientOf(command), order);
      io.out(options.json ? JSON.stringify(added) : added.id);
    });
}

function addList(operator: Command, io: Io): void {
  operator
    .command("list")
    .description("list who works with this cloud")
    .addOption(roleOption("only these"))
    .option("--org <id>", "only those of this org")
    .option("--disabled", "only those who are disabled")
    .option("--json", JSON_HELP)
    .action(async (_, command: Command) => {
      const { role, org, disabled, json } = command.optsWithGlobals<Options>();
      const query = { role, org, disabled: disabled && "true", limit: "1000" };
      const found = await operatorsOf(clientOf(command), query);
      if (json) jsonLines(io, found);
      else io.out(operatorTable(found));
    });
}

function addChange(operator: Command, io: Io): void {
  withGrant(operator.command("change"))
    .description("give another role, org or bounds")
    .argument("<operator>", OPERATOR_HELP)
    .option("--vendor-wide", "they see and steer everybody's hosts")
    .option("--reason <text>", "why, for the record")
    .option("--json", JSON_HELP)
    .action(async (called: string, _, command: Command) => {
      const options = command.optsWithGlobals<Options>();
      const { vendorWide, org, reason, json } = options;
      if (vendorWide && org !== undefined) {
        throw misused("--org and --vendor-wide exclude each other");
      }
      const grant = { ...grantIn(options), ...(vendorWide && { org: null }) };
      if (Object.values(grant).every((each) => each === undefined)) {
        throw misused(
          "say what is to change: --role, --org, --vendor-wide, --limits or --collection",
        );
      }
      const order = { ...grant, reason };
      const now = await changeOperator(clientOf(command), called, order);
      io.out(json ? JSON.stringify(now) : operatorTable([now]));
    });
}

/** disable, enable. */
function addSwitches(operator: Command, io: Io): void {
  for (const [name, disabled, what, done] of SWITCHES) {
    operator
      .command(name)
      .description(what)
      .argument("<operator>", OPERATOR_HELP)
      .option("--reason <text>", "why, for the record")
      .option("--json", JSON_HELP)
      .action(async (called: string, _, command: Command) => {
        const { reason, json } = command.optsWithGlobals<Options>();
        const order = { disabled, reason };
        const now = await changeOperator(clientOf(command), called, order);
        io.out(json ? JSON.stringify(now) : `${now.name} (${now.id}) ${done}`);
      });
  }
}

const SWITCHES = [
  [
    ...(["disable", true] as const),
    "send an operator away: tokens and sessions count no more, at once",
    "is disabled, and nobody from now on",
  ],
  [
    ...(["enable", false] as const),
    "take an operator back, with the credentials that were not revoked",
    "is enabled",
  ],
] as const;

function addToken(operator: Command, io: Io): void {
  operator
    .command("token")
    .description("make a token for an operator; it is shown this once")
    .argument("<operator>", OPERATOR_HELP)
    .option("--expires <duration>", "30s, 15m, 4h or 7d; 366d at most", "90d")
    .addOption(roleOption("less than its operator may"))
    .option("--label <text>", "what it is for")
    .option("--json", "with its id and when it expires, as one line of JSON")
    .addHelpText(
      "after",
      "\nExample:\n  $ tourniquet-cloud operator token anna --label laptop > anna.token",
    )
    .action(async (called: string, _, command: Command) => {
      const { expires, role, label, json } = command.optsWithGlobals<Options>();
      const order = { expiresIn: expires, role, label };
      const made = await makeOperatorToken(clientOf(command), called, order);
      io.out(json ? JSON.stringify(made) : made.token);
    });
}

function addTokens(operator: Command, io: Io): void {
  operator
    .command("tokens")
    .description("list tokens, passkeys and passwords, without their secrets")
    .argument("[operator]", `${OPERATOR_HELP}; yourself by default`)
    .option("--json", JSON_HELP)
    .action(async (called: string | undefined, _, command: Command) => {
      const { json } = command.optsWithGlobals<Options>();
      const client = clientOf(command);
      const whose = called ?? (await whoAmI(client)).operator;
      const found = await credentialsOf(client, whose);
      if (json) jsonLines(io, found);
      else io.out(credentialTable(found, Date.now()));
    });
}

function addRevoke(operator: Command, io: Io): void {
  operator
    .command("revoke")
    .description("let a token, passkey or password count no more, at once")
    .argument("<credential>", 'its id, as "operator tokens" shows it')
    .option("--reason <text>", "why, for the record", "")
    .option("--json", JSON_HELP)
    .action(async (id: string, _, command: Command) => {
      const { reason = "", json } = command.optsWithGlobals<Options>();
      const was = await revokeCredential(clientOf(command), id, reason);
      io.out(json ? JSON.stringify(was) : `${was.of} ${was.id} is revoked`);
    });
}

function addRescue(operator: Command, io: Io): void {
  operator
    .command("rescue")
    .description("make an admin's token anew in the cloud's folder")
    .argument("[name]", "an admin of the vendor, or who is to be one", "admin")
    .addHelpText(
      "after",
      "\nFor who has no way in any more, but the cloud's folder. The cloud must not run.",
    )
    .action(async (name: string, _, command: Command) => {
      const { dir } = command.optsWithGlobals<{ dir: string }>();
      if (!isOperatorName(name)) throw misused(`"${name}": ${NAME_WORDS}`);
      await rescueAdmin(dir, name, systemClock);
      io.out(`${dir}/operator.token speaks for ${name}, admin of the vendor`);
    });
}

function addWhoAmI(program: Command, io: Io): void {
  program
    .command("whoami")
    .description("who you are at this cloud, and what you may do")
    .option("--json", JSON_HELP)
    .action(async (_, command: Command) => {
      const { json } = command.optsWithGlobals<Options>();
      const me = await whoAmI(clientOf(command));
      io.out(json ? JSON.stringify(me) : toldMyself(me));
    });
}

const OPERATOR_HELP = "a name, or an id";

const roleOption = (what: string): Option =>
  new Option("--role <role>", what).choices(ROLES);

const withGrant = (command: Command): Command =>
  command
    .addOption(roleOption("what they may do"))
    .option("--org <id>", "the only org whose hosts they see and steer")
    .option(
      "--collection <feed>",
      "of a partner: the feed whose bans they read",
    )
    .addOption(
      new Option(
        "--limits <limits>",
        "of an actuator: per-minute=10,v4=32,v6=64,longest=4h",
      ).argParser(limitsIn),
    );

const grantIn = ({ role, org, limits, collection }: Options) => ({
  ...{ role, org, limits, collection },
});

/** @throws Failure when they are not all there, and numbers */
function limitsIn(text: string): ActuatorLimits {
  const given = new Map(
    text.split(",").map((each) => {
      const [name = "", value = ""] = each.trim().split("=");
      return [name, value.replace(/^\//, "")];
    }),
  );
  const read = (name: string, units: Readonly<Record<string, number>>) => {
    const [, digits = "", unit = ""] =
      /^(\d{1,9})([smhd]?)$/.exec(given.get(name) ?? "") ?? [];
    const times = units[unit];
    if (digits !== "" && times !== undefined) return Number(digits) * times;
    throw misused(
      `--limits "${text}": ${name} is missing, or not as in per-minute=10,v4=32,v6=64,longest=4h`,
    );
  };
  const limits = {
    perMinute: read("per-minute", ONE),
    widestV4: read("v4", ONE),
    widestV6: read("v6", ONE),
    longestS: read("longest", { s: 1, m: 60, h: 3_600, d: 86_400 }),
  };
  if (given.size === Object.keys(limits).length) return limits;
  throw misused(
    `--limits "${text}": per-minute, v4, v6 and longest are expected, each once`,
  );
}

const ONE = { "": 1 };
