import { createServer } from "node:http";
import { join } from "node:path";
import { expect, it } from "@jest/globals";
import { askAgent } from "../../service/control/client.js";
import { Reply, type Answer } from "../../service/control/reply.js";
import { HostProcess } from "../support/agent/host-process.js";
import { TestFolder } from "../support/folder.js";

it("an order that takes a while is answered, and says meanwhile how far it is", async () => {
  using host = new HostProcess();
  let done = (_: Answer): void => undefined;
  const answered = new Promise<Answer>((resolve) => (done = resolve));
  const agent = createServer((request, response) => {
    const reply = new Reply(request, response);
    reply.tell("12,000 of 131,420 ranges");
    void reply.with(answered);
    request.resume();
  });
  await new Promise<void>((ready) => agent.listen(host.socket, ready));
  const told = host.tourniquet("rollback", "--undo", "--json");
  // Not before it was heard that it works.
  setTimeout(() => {
    done({ status: 200, body: { revision: 9, withheld: 131_420, putBack: 0 } });
  }, 2_500);
  expect(await told).toMatchObject({
    ...{ code: 0, stdout: '{"revision":9,"withheld":131420,"putBack":0}\n' },
    stderr: expect.stringContaining(
      "tourniquet: still working: 12,000 of 131,420 ranges\n",
    ),
  });
  agent.close();
}, 30_000);

it("a refusal that comes late is a refusal all the same", async () => {
  using folder = new TestFolder();
  const socket = join(folder.path, "control.sock");
  const agent = createServer((request, response) => {
    const reply = new Reply(request, response);
    const body = { error: "revision 9 can't be gone back to" };
    const late = new Promise<Answer>((resolve) =>
      setTimeout(() => resolve({ status: 409, body }), 1_500),
    );
    void reply.with(late);
  });
  await new Promise<void>((ready) => agent.listen(socket, ready));
  await expect(askAgent(socket, "/v1/status")).rejects.toMatchObject({
    ...{ message: "revision 9 can't be gone back to", exitCode: 1 },
  });
  agent.close();
}, 30_000);
