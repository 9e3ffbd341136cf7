// The line: everybody who comes back waits a time drawn by lot, and comes back by themselves.

import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { openLine, type Line } from "../connection.ts";
import { Peer } from "./peer.ts";
import { pause, until } from "./tab.ts";

// The page's own events, which Node has not.
const page = new EventTarget();
Object.assign(globalThis, {
  addEventListener: page.addEventListener.bind(page),
  removeEventListener: page.removeEventListener.bind(page),
});

async function connected(t: TestContext): Promise<{ peer: Peer; port: number; line: Line }> {
  const peer = new Peer();
  const port = await peer.listen();
  t.after(() => peer.close());
  const line = openLine(`http://127.0.0.1:${port}/drafts`, "/socket.io", () => assert.fail("not let in"));
  t.after(() => line.close());
  await until("connected", () => line.socket.connected);
  line.works();
  return { peer, port, line };
}

test("the pauses before coming back are drawn, and bounded", async (t) => {
  const { line } = await connected(t);
  const { backoff } = line.socket.io as unknown as { backoff: { reset(): void; duration(): number } };
  const first: number[] = [];
  for (let draw = 0; draw < 300; draw += 1) {
    backoff.reset();
    first.push(backoff.duration());
  }
  assert.ok(Math.min(...first) >= 100 && Math.max(...first) <= 900);
  assert.ok(Math.min(...first) < 300 && Math.max(...first) > 700, "spread over the whole time");
  assert.ok(new Set(first).size > 100);
  const later = Array.from({ length: 50 }, () => backoff.duration());
  assert.ok(Math.max(...later) <= 3_000);
});

test("a server that ends the connection, as one that stops does, is come back to without being asked", async (t) => {
  const { peer, line } = await connected(t);
  const attempts: number[] = [];
  line.socket.io.on("reconnect_attempt", (number) => attempts.push(number));
  const before = line.socket.id;
  const { clients } = peer.io.engine as unknown as { clients: Record<string, { close(now: boolean): void }> };
  for (const client of Object.values(clients)) client.close(true);
  await until("away", () => !line.socket.connected);
  await until("back", () => line.socket.connected);
  assert.notEqual(line.socket.id, before);
  assert.deepEqual(attempts, [1]);
});

test("the network is back: tried again at once, but not by everybody in the same instant", async (t) => {
  const { peer, port, line } = await connected(t);
  line.socket.io.reconnectionDelay(60_000);
  line.socket.io.reconnectionDelayMax(60_000);
  await peer.close();
  await until("away", () => !line.socket.connected);
  const again = new Peer();
  await again.listen(port);
  t.after(() => again.close());
  await pause(300);
  assert.ok(!line.socket.connected, "its own next attempt is a minute away");
  const random = t.mock.method(Math, "random", () => 0.8);
  page.dispatchEvent(new Event("online"));
  await pause(200);
  assert.ok(!line.socket.connected, "0.8 of half a second has not passed");
  await until("back", () => line.socket.connected, 2_000);
  random.mock.restore();
});

test("a mute connection is left for another one, unless it is still sending", async (t) => {
  const { line } = await connected(t);
  const first = line.socket.id;
  const { transport } = line.socket.io.engine as unknown as { transport: object };
  Object.defineProperty(transport, "ws", { value: { bufferedAmount: 1, close() {} }, configurable: true, writable: true });
  line.renew();
  assert.equal(line.socket.id, first, "a large paste on its way is not cut off");
  Object.defineProperty(transport, "ws", { value: { bufferedAmount: 0, close() {} }, configurable: true, writable: true });
  line.renew();
  assert.ok(!line.socket.connected);
  await until("back", () => line.socket.connected);
  assert.notEqual(line.socket.id, first);
});
