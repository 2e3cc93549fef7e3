import type { ComponentChildren } from "preact";
import { Badge, Facts, count, counted } from "../../parts/bits.js";
import { EFFECTS, type Effect } from "../../parts/effects-said.js";
import { heldSaid } from "../../parts/held-said.js";
import { Ranges } from "../../parts/ranges.js";
import type { ImportReport, Imported } from "./import-wish.js";

/** What a list would do, were it imported now. */
export function Foreseen({ answer }: { readonly answer: Imported }) {
  const { dangers, replaced, held, heldFirst } = answer;
  return (
    <>
      <Report report={answer} />
      <section class="foresight" aria-label="What it would do">
        <h3>What it would do</h3>
        <ul class="sentences">
          {sentencesOf(answer).map((each) => (
            <li key={each}>{each}</li>
          ))}
          {replaced !== null && (
            <li>
              Of {counted(replaced.before, "range")} that the list brought
              before, {count(replaced.lifted)} would be lifted, and{" "}
              {count(replaced.kept)} stay for as long as they last.
            </li>
          )}
        </ul>
        {dangers.map(({ says }) => (
          <p key={says}>
            <Badge tone="warn">takes two persons</Badge> {says}
          </p>
        ))}
      </section>
      {heldFirst.length > 0 && (
        <section aria-label="Held back">
          <h3>Held back by hosts with usual settings</h3>
          <ul class="sentences">
            {Object.entries<number>(held).map(([rule, many]) => (
              <li key={rule}>
                {counted(many, "range")}: {heldSaid(rule)}
              </li>
            ))}
          </ul>
          <Ranges of={heldFirst.map(({ range }) => range)} />
        </section>
      )}
    </>
  );
}

function sentencesOf({ counts }: Imported): readonly string[] {
  const said = Object.entries<number>(counts)
    .filter(([, many]) => many > 0)
    .map(([effect, many]) => {
      const [one, more] = EFFECTS[effect as Effect];
      return `${counted(many, "range")} ${many === 1 ? one : more}.`;
    });
  return said.length === 0 ? ["Nothing would change."] : said;
}

/** How it was read, line by line. */
export function Report({ report }: { readonly report: ImportReport }) {
  const { rejections, rejected } = report;
  return (
    <>
      <Facts of={factsOf(report)} />
      {rejections.length > 0 && (
        <section aria-label="Lines that were not taken">
          <h3>
            {rejected > rejections.length
              ? `The first ${count(rejections.length)} lines that were not taken`
              : "Lines that were not taken"}
          </h3>
          <div class="scroll">
            <table class="lines">
              <thead>
                <tr>
                  <th class="number">Line</th>
                  <th>What stands there</th>
                  <th>Why not</th>
                </tr>
              </thead>
              <tbody>
                {rejections.map(({ line, text, problem }) => (
                  <tr key={line}>
                    <td class="number">{count(line)}</td>
                    <td class="mono wraps">{text}</td>
                    <td class="wraps">{problem}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </section>
      )}
    </>
  );
}

const LOOKS: Readonly<Record<NonNullable<ImportReport["look"]>["as"], string>> =
  {
    markup: "HTML or XML, such as an error page",
    json: "JSON that is no list",
    hosts: "a hosts file, which names hosts and bans nobody",
  };

type Fact = readonly [string, ComponentChildren];

function factsOf(report: ImportReport): readonly Fact[] {
  const { format, lines, entries, taken, masked, duplicates, look } = report;
  const more: readonly (readonly [number, Fact])[] = [
    [duplicates, ["Named twice", counted(duplicates, "range")]],
    [
      masked,
      ["Made whole", `${counted(masked, "range")} had bits behind its prefix`],
    ],
    [report.rejected, ["Not taken", counted(report.rejected, "line")]],
  ];
  return [
    ["Read as", format ?? "nothing that is known"],
    ["Lines", `${count(lines)}, of which ${count(taken)} name a range`],
    ["Ranges", count(entries)],
    ...more.flatMap(([many, fact]) => (many === 0 ? [] : [fact])),
    ...(look === null
      ? []
      : [["It looks like", `line ${look.line}: ${LOOKS[look.as]}`] as const]),
  ];
}
