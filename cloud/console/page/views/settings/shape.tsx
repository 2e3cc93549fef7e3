import type { Schema } from "./open-api.js";
import { partsOf, shapeSays } from "./shape-words.js";

/** How deep fields are shown at once; deeper ones open. */
const DEEP = 2;

/** A shape: what it is, and its fields, one below the other. */
export function Shape({
  schema,
  depth = 0,
}: {
  readonly schema: Schema;
  readonly depth?: number;
}) {
  const parts = partsOf(schema);
  return (
    <>
      <span class="shape-type">{shapeSays(schema)}</span>
      {schema.description !== undefined && (
        <span class="faint"> {schema.description}</span>
      )}
      {parts.map((part, at) =>
        depth < DEEP ? (
          <Fields key={at} schema={part} depth={depth} />
        ) : (
          <details key={at}>
            <summary>its fields</summary>
            <Fields schema={part} depth={depth} />
          </details>
        ),
      )}
    </>
  );
}

function Fields({
  schema: { properties = {}, required = [] },
  depth,
}: {
  readonly schema: Schema;
  readonly depth: number;
}) {
  return (
    <dl class="shape">
      {Object.entries(properties).map(([name, field]) => (
        <div key={name}>
          <dt>
            <code>{name}</code>
            {!required.includes(name) && (
              <span class="faint" title="It may be left out">
                ?<span class="aloud"> may be left out</span>
              </span>
            )}
          </dt>
          <dd>
            <Shape schema={field} depth={depth + 1} />
          </dd>
        </div>
      ))}
    </dl>
  );
}
