import { Head, Nothing, Panel, Shown } from "../../parts/bits.js";
import { to } from "../../router.js";
import type { ViewProps } from "../../view-props.js";
import { Method } from "./api-document.js";
import { SettingsFrame } from "./frame.js";
import {
  operationsOf,
  useDocument,
  type ApiResponse,
  type Content,
  type Operation,
  type Parameter,
} from "./open-api.js";
import { Shape } from "./shape.js";

/** One operation: what it takes, and what it answers. */
export function ApiOperation({ id }: ViewProps) {
  const asked = useDocument();
  return (
    <SettingsFrame>
      {asked.data === undefined && <Head title={id} />}
      <Shown asked={asked}>
        {(document) => {
          const operation = operationsOf(document).find(
            ({ operationId }) => operationId === id,
          );
          return operation === undefined ? (
            <>
              <Head title={id} />
              <Nothing>There is no operation of this name.</Nothing>
            </>
          ) : (
            <Told operation={operation} />
          );
        }}
      </Shown>
    </SettingsFrame>
  );
}

function Told({ operation }: { readonly operation: Operation }) {
  const { method, path, operationId, summary, description } = operation;
  const { parameters = [], requestBody, responses } = operation;
  return (
    <>
      <Head
        title={
          <>
            <Method method={method} /> <code>/api/v1{path}</code>
          </>
        }
      >
        <a href={to("/settings/api")}>All operations</a>
      </Head>
      <p>
        <strong>{summary}.</strong> {description}{" "}
        <span class="faint">
          It is called <code>{operationId}</code>.
        </span>
      </p>
      {parameters.length > 0 && <Parameters parameters={parameters} />}
      {requestBody !== undefined && (
        <Panel title={requestBody.required ? "Body" : "Body, may be left out"}>
          <Contents content={requestBody.content} />
        </Panel>
      )}
      <Answers responses={responses} />
    </>
  );
}

const PLACES: Readonly<Record<string, string>> = {
  path: "in the path",
  query: "behind the ?",
  header: "as a header",
};

function Parameters({
  parameters,
}: {
  readonly parameters: readonly Parameter[];
}) {
  return (
    <Panel title="Parameters">
      <dl class="shape">
        {parameters.map(
          ({ name, in: place, required, schema, description }) => (
            <div key={name}>
              <dt>
                <code>{name}</code>
                {!required && (
                  <span class="faint" title="It may be left out">
                    ?<span class="aloud"> may be left out</span>
                  </span>
                )}
              </dt>
              <dd>
                <Shape schema={schema} />{" "}
                <span class="faint">
                  {PLACES[place] ?? place}. {description}
                </span>
              </dd>
            </div>
          ),
        )}
      </dl>
    </Panel>
  );
}

function Contents({ content }: { readonly content: Content }) {
  return (
    <>
      {Object.entries(content).map(([media, { schema }]) => (
        <div key={media}>
          <p class="faint">{media}</p>
          <Shape schema={schema} />
        </div>
      ))}
    </>
  );
}

const isGood = (status: string): boolean => /^[123]/.test(status);

function Answers({
  responses,
}: {
  readonly responses: Readonly<Record<string, ApiResponse>>;
}) {
  const all = Object.entries(responses);
  const good = all.filter(([status]) => isGood(status));
  const problems = all.filter(([status]) => !isGood(status));
  return (
    <>
      {good.map(([status, { description, content }]) => (
        <Panel key={status} title={`Answers ${status}: ${description}`}>
          {content === undefined ? (
            <Nothing>There is no body.</Nothing>
          ) : (
            <Contents content={content} />
          )}
        </Panel>
      ))}
      <Panel title="Or says that there is a problem">
        <dl class="shape">
          {problems.map(([status, { description }]) => (
            <div key={status}>
              <dt>
                <code>{status}</code>
              </dt>
              <dd>{description}</dd>
            </div>
          ))}
        </dl>
      </Panel>
    </>
  );
}
