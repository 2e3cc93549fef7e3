import { useEffect, useState } from "preact/hooks";
import { send } from "./api.js";

/** A question that the API takes by POST: a dry run, or what a ban would cut. */
export interface Question {
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface Sent<T> {
  readonly data: T | undefined;
  readonly error: Error | undefined;
}

/**
 * Asks a question that changes nothing, and anew when it is another.
 * @param question undefined: nothing is asked
 */
export function useSent<T>(question: Question | undefined): Sent<T> {
  const key = question && JSON.stringify(question);
  const [state, setState] = useState<{
    readonly key?: string;
    readonly data?: T;
    readonly error?: Error;
  }>({});
  useEffect(() => {
    if (question === undefined || key === undefined) return undefined;
    let isOver = false;
    send<T>("POST", question.path, question.body).then(
      ({ body }) => {
        if (!isOver) setState({ key, data: body });
      },
      (error: unknown) => {
        if (!isOver) setState({ key, error: error as Error });
      },
    );
    return () => {
      isOver = true;
    };
  }, [key]);
  const isSame = key !== undefined && state.key === key;
  return {
    data: isSame ? state.data : undefined,
    error: isSame ? state.error : undefined,
  };
}
