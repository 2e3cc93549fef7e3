import { useId } from "preact/hooks";
import { Head, Nothing, Shown, counted } from "../../parts/bits.js";
import { query, setQuery, to } from "../../router.js";
import { SettingsFrame } from "./frame.js";
import {
  DOCUMENT_FILE,
  operationsOf,
  useDocument,
  type ApiDocument,
  type Operation,
} from "./open-api.js";

/** All that the cloud can be asked for, by chapters. */
export function ApiOverview() {
  const asked = useDocument();
  const id = useId();
  const text = query.value.get("find") ?? "";
  return (
    <SettingsFrame>
      <Head title="API">
        <a
          class="button"
          href={DOCUMENT_FILE}
          download="tourniquet.openapi.json"
        >
          The document, for other viewers
        </a>
      </Head>
      <p class="faint">
        What you see here, a program of yours may do as well, with a token. The
        document is OpenAPI 3.1, of the cloud that runs.
      </p>
      <div class="field">
        <label for={id}>Find</label>
        <input
          id={id}
          type="search"
          value={text}
          placeholder="ban, /agents, token …"
          onInput={({ currentTarget }) =>
            setQuery({ find: currentTarget.value })
          }
        />
      </div>
      <Shown asked={asked}>
        {(document) => <Chapters document={document} text={text} />}
      </Shown>
    </SettingsFrame>
  );
}

function Chapters({
  document,
  text,
}: {
  readonly document: ApiDocument;
  readonly text: string;
}) {
  const found = operationsOf(document).filter((each) => isMeant(each, text));
  if (found.length === 0) {
    return <Nothing>No operation is like that.</Nothing>;
  }
  return (
    <>
      <p class="faint" role="status">
        {counted(found.length, "operation")}
      </p>
      {document.tags.map(({ name, description }) => {
        const own = found.filter(({ tags }) => tags.includes(name));
        return (
          own.length > 0 && (
            <section key={name} class="chapter">
              <h2>{name}</h2>
              <p class="faint">{description}</p>
              <ul>
                {own.map((operation) => (
                  <Line key={operation.operationId} operation={operation} />
                ))}
              </ul>
            </section>
          )
        );
      })}
    </>
  );
}

const isMeant = (
  { operationId, path, summary, method }: Operation,
  text: string,
): boolean =>
  [operationId, path, summary, method].some((each) =>
    each.toLowerCase().includes(text.trim().toLowerCase()),
  );

function Line({ operation }: { readonly operation: Operation }) {
  const { operationId, method, path, summary } = operation;
  return (
    <li>
      <Method method={method} />
      <a href={to(`/settings/api/${operationId}`)}>
        <code>{path}</code>
      </a>
      <span>{summary}</span>
    </li>
  );
}

export const Method = ({ method }: Pick<Operation, "method">) => (
  <code class={`method ${method.toLowerCase()}`}>{method}</code>
);
