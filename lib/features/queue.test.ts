import assert from "node:assert/strict";
import { BoundedQueue } from "./queue.ts";

Deno.test("queue: order is kept and producers wait while it is full", async () => {
  const queue = new BoundedQueue<number>(10);
  let pushed = 0;
  const producer = (async () => {
    for (let i = 0; i < 8; i++) {
      await queue.push(i, 5);
      pushed++;
    }
    queue.close();
  })();
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(pushed, 2, "two of weight 5 fill a queue of 10");
  const got: number[] = [];
  for await (const item of queue) got.push(item);
  await producer;
  assert.deepEqual(got, [0, 1, 2, 3, 4, 5, 6, 7]);
});

Deno.test("queue: one item heavier than the queue still goes through", async () => {
  const queue = new BoundedQueue<string>(10);
  await queue.push("big", 500);
  queue.close();
  for await (const item of queue) assert.equal(item, "big");
});

Deno.test("queue: failing wakes both sides with the reason", async () => {
  const reason = new Error("stop");
  const queue = new BoundedQueue<number>(1);
  await queue.push(1, 1);
  const waiting = queue.push(2, 1);
  queue.fail(reason);
  await assert.rejects(waiting, reason);
  await assert.rejects(async () => {
    for await (const _ of queue) assert.fail("nothing is handed out any more");
  }, reason);
});
