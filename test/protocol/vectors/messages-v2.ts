import { markedNonce } from "../../../agent/protocol/downgrade.js";
import { textBytes } from "../../../agent/protocol/signed-text.js";
import { signAsDevice } from "../../../agent/trust/sign.js";
import { NOW, hex, keys, token } from "../../support/vectors.js";
import { hello, receipt } from "./messages.js";
import { keysOf, type Vector } from "./vector.js";

/** What version 2 says otherwise, or only version 2 says. */
export function messageVectorsV2(): readonly Vector[] {
  return [
    {
      ...fromCloud(
        "challenge-of-a-newer-cloud",
        "In version 1, of a cloud that speaks version 2: the nonce ends in tq-down1. An agent that offered version 2 leaves.",
        {
          ...{ type: "challenge", nonce: markedNonce(Buffer.alloc(32, 1)) },
          ...{ time: NOW, cloud: "cloud.example" },
        },
      ),
      reads: "cloud message",
    },
    signedByDevice("hello-v2", "The answer to challenge.json in version 2.", {
      ...hello,
      capabilities: ["rings", "requests"],
      ext: { "x-region": "eu-1" },
    }),
    fromCloud("welcome-v2", "What the cloud can do, beside its plans.", {
      ...{ type: "welcome", agent: "agt_1", org: "example" },
      ...{ session: token(2), heartbeatMs: 25_000, root: 1 },
      plans: [{ mode: "tail", feed: "urgent", epoch: "e1" }],
      capabilities: ["log", "dances"],
    }),
    signedByDevice("receipt-v2", "As receipt.json, with an ext.", {
      ...receipt,
      ext: { "x-slot": 3 },
    }),
  ];
}

function fromCloud(name: string, description: string, message: object): Vector {
  return {
    name,
    reads: "cloud message v2",
    direction: "cloud to agent",
    description,
    text: JSON.stringify(message),
    decoded: message,
  };
}

/** `decoded` shows the document where the message carries its text. */
function signedByDevice(
  name: string,
  description: string,
  document: object,
): Vector {
  const type = name.startsWith("receipt") ? "receipt" : "hello";
  const { signed, signature } = signAsDevice(type, document, keys.device, 2);
  return {
    name,
    reads: "agent message v2",
    direction: "agent to cloud",
    description,
    keys: keysOf("device"),
    text: JSON.stringify({ type, signed, signature }),
    signedBytes: hex(textBytes(type, signed, 2)),
    signatures: [
      {
        key: keys.device.id,
        signature: hex(Buffer.from(signature, "base64url")),
      },
    ],
    decoded: { type, signed: document, signature },
  };
}
