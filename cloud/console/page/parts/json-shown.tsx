import { ThingLink } from "./thing-link.js";
import { localTime } from "./time.js";

/** Any JSON, as a person reads it: names and values, one below the other. */
export function JsonShown({ of }: { readonly of: unknown }) {
  if (of === null || of === undefined)
    return <span class="faint">nothing</span>;
  if (Array.isArray(of)) return <ListShown of={of} />;
  if (typeof of === "object") return <ObjectShown of={of} />;
  if (typeof of === "boolean") return <>{of ? "yes" : "no"}</>;
  if (typeof of === "string") return <TextShown of={of} />;
  return <>{JSON.stringify(of)}</>;
}

function ListShown({ of }: { readonly of: readonly unknown[] }) {
  if (of.length === 0) return <span class="faint">none</span>;
  return (
    <ul class="json-list">
      {of.map((each, at) => (
        <li key={at}>
          <JsonShown of={each} />
        </li>
      ))}
    </ul>
  );
}

function ObjectShown({ of }: { readonly of: object }) {
  const fields: readonly (readonly [string, unknown])[] = Object.entries(of);
  if (fields.length === 0) return <span class="faint">nothing</span>;
  return (
    <dl class="facts">
      {fields.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <JsonShown of={value} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;
const ID = /^[a-z]{3}-[0-9a-f]{16}$/;

function TextShown({ of }: { readonly of: string }) {
  if (TIME.test(of)) {
    return (
      <time dateTime={of} title={of}>
        {localTime(of)}
      </time>
    );
  }
  return ID.test(of) ? <ThingLink id={of} /> : <>{of}</>;
}
