import type { Logger } from "../../agent/log/logger.js";
import type { Clock } from "../../agent/runtime/clock.js";
import { NoRoom } from "../disk/room.js";
import { BatchWriter } from "../journal/batch-writer.js";
import type { Observations } from "../journal/observations.js";

export interface AnswerWriterPorts {
  readonly observations: Pick<Observations, "put">;
  readonly clock: Clock;
  readonly log: Logger;
  /** The disk had no room for it. */
  dropped(what: "answers-no-room"): void;
}

/** Bans go on, even where the word of the agents cannot be kept. */
export const answerWriter = (ports: AnswerWriterPorts): BatchWriter =>
  new BatchWriter({
    observations: ports.observations,
    clock: ports.clock,
    most: { items: MOST_WAITING, bytes: Infinity },
    failed: (error, events) => {
      if (error instanceof NoRoom) ports.dropped("answers-no-room");
      ports.log.error("answers not recorded", { events, error });
    },
  });

/** About what one transaction takes in within a few milliseconds. */
const MOST_WAITING = 1_024;
