import type { ComponentChildren } from "preact";

/** A column of a short table. */
export interface PlainColumn<T> {
  readonly head: string;
  readonly cell: (row: T) => ComponentChildren;
  readonly isNumber?: boolean;
}

/** A short table; it scrolls by itself where it is too wide. */
export function PlainTable<T>({
  label,
  columns,
  rows,
  keyOf,
}: {
  readonly label: string;
  readonly columns: readonly PlainColumn<T>[];
  readonly rows: readonly T[];
  readonly keyOf: (row: T) => string;
}) {
  const classOf = ({ isNumber }: PlainColumn<T>) => (isNumber ? "number" : "");
  return (
    <div class="scroll" tabIndex={0} role="group" aria-label={label}>
      <table>
        <thead>
          <tr>
            {columns.map((each) => (
              <th key={each.head} scope="col" class={classOf(each)}>
                {each.head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)}>
              {columns.map((each) => (
                <td key={each.head} class={classOf(each)}>
                  {each.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
