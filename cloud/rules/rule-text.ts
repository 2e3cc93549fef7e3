import { SUREST, type Rule } from "./rule-set.js";

/** Rules as a file says them; read again, they are the same. */
export function rulesText(rules: readonly Rule[]): string {
  const all = rules.flatMap((rule) => linesOf(rule));
  const list = all.length === 0 ? ["rules: []"] : ["rules:", ...all];
  return ["version: 1", ...list, ""].join("\n");
}

/** Names are plain; all other text is quoted as JSON, which YAML reads. */
function linesOf(rule: Rule): readonly string[] {
  const { name, why, windowMs, counts, confidence } = rule;
  return [
    `  - name: ${name}`,
    ...(why === "" ? [] : [`    why: ${JSON.stringify(why)}`]),
    ...seesLines(rule),
    `    within: ${spanText(windowMs / 1_000)}`,
    ...(counts === "orgs" ? [] : [`    counts: ${counts}`]),
    "    needs:",
    ...needsLines(rule),
    ...banLines(rule),
    ...(confidence === SUREST ? [] : [`    confidence: ${confidence}`]),
  ];
}

function seesLines({ sees }: Rule): readonly string[] {
  const { sensors, lists, bannedBefore } = sees;
  const said = [
    ...(sensors ? [`      sensors: ${JSON.stringify(sensors)}`] : []),
    ...(lists ? [`      lists: ${JSON.stringify(lists)}`] : []),
    ...(bannedBefore
      ? [
          `      bannedBefore: { times: ${bannedBefore.times}, within: ${spanText(bannedBefore.withinMs / 1_000)} }`,
        ]
      : []),
  ];
  return said.length === 0 ? [] : ["    sees:", ...said];
}

function needsLines({ needs }: Rule): readonly string[] {
  const { spread, ...numbers } = needs;
  return [
    ...Object.entries(numbers)
      .filter(([, value]) => value > 0)
      .map(([name, value]) => `      ${name}: ${value}`),
    ...(spread.of > 1
      ? [`      spread: { active: ${spread.active}, of: ${spread.of} }`]
      : []),
  ];
}

function banLines({ ban: { forS, growing } }: Rule): readonly string[] {
  return [
    "    ban:",
    `      for: ${spanText(forS)}`,
    ...(growing
      ? [
          `      growing: { factor: ${growing.factor}, upTo: ${spanText(growing.upToS)}, within: ${spanText(growing.withinMs / 1_000)} }`,
        ]
      : []),
  ];
}

/** Settings may say parts of a second, and rules do not. */
function spanText(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole % 86_400 === 0) return `${whole / 86_400}d`;
  if (whole % 3_600 === 0) return `${whole / 3_600}h`;
  return whole % 60 === 0 ? `${whole / 60}m` : `${whole}s`;
}
