import { problem } from "../problem.js";
import { LiveMessage } from "../live/live-event.js";
import { LiveQuery } from "../live/live-query.js";
import { route, type Route } from "../table/route.js";

/** The stream, as the document has it; it is upgraded before any route sees it. */
export const liveRoutes = (): readonly Route[] => [
  route({
    ...{ method: "GET", path: "/live", operationId: "followLive" },
    ...{ tag: "Cloud", summary: "What is decided, as it happens (WebSocket)" },
    description: ABOUT,
    ...{ allows: "viewer", scope: "own" },
    query: LiveQuery,
    answers: {
      101: {
        description: "Text frames, each of this shape",
        schema: LiveMessage,
      },
    },
    problems: [426],
    handle: () => {
      throw problem(426, "upgrade-needed", {
        ...{ field: "", value: undefined },
        message: "this is a WebSocket: ask for an upgrade",
      }).withHeaders({ upgrade: "websocket" });
    },
  }),
];

const ABOUT =
  "Begins behind the position `after`, or now. Whoever lost the connection goes on from the newest `position`; a message without items comes every 25 seconds, or every `beat` milliseconds. Closes with 4401 once one may no longer listen, 4404 where the log has not come that far, 4408 where too much is left unread, and 4429 where one's newer streams needed the room.";
