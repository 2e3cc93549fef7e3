import { Answering, type AnsweringPorts } from "./answering.js";
import { Contesting, type ContestingPorts } from "./contesting.js";
import { ContestIntake, type IntakePorts } from "./intake.js";

/** What contests need of the rest of the cloud. */
export type OpenContestPorts = Omit<AnsweringPorts, "contesting"> &
  Omit<ContestingPorts, "settings"> &
  Omit<IntakePorts, "contesting">;

/** How bans are contested, and how that is answered. */
export function openContest(ports: OpenContestPorts) {
  const contesting = new Contesting(ports);
  return {
    contesting,
    answering: new Answering({ ...ports, contesting }),
    intake: new ContestIntake({ ...ports, contesting }),
  };
}

export type OpenContest = ReturnType<typeof openContest>;
