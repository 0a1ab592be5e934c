import assert from "node:assert/strict";
import { parseHTML } from "linkedom";
import { Figure } from "./figure.ts";
import { slider } from "./slider.ts";

/** A figure that says where it was drawn. */
const says = (text: string) => new Figure(`<svg><text>${text}</text></svg>`, 100, 50, text);

/** The address that the page would ask, read from what the page has. */
function addressOf(html: string): string {
  const [, token, port] = /"token":"([\w-]+)","port":(\d+)/.exec(html)!;
  return `http://127.0.0.1:${port}/${token}`;
}

const ask = async (address: string, at: string) => {
  const response = await fetch(`${address}?at=${at}`);
  return { status: response.status, text: await response.text(), headers: response.headers };
};

Deno.test("a page gets the figure of each position, and nobody without the token does", async () => {
  await using made = await slider(
    { k: [2, 5, 10], method: ["full", "cc"] },
    ({ k, method }) => says(`${method} ${k}`),
  );
  const address = addressOf(made.html);
  const { status, text, headers } = await ask(address, "2,1");
  assert.deepEqual([status, text], [200, "<svg><text>cc 10</text></svg>"]);
  assert.equal(headers.get("content-type"), "image/svg+xml");
  assert.equal(headers.get("access-control-allow-origin"), "*");
  assert.equal(headers.get("cache-control"), "no-store");
  for (const at of ["", "3,0", "0", "0,0,0", "-1,0", "0.5,0", "a,0"]) {
    assert.equal((await ask(address, at)).status, 400, at);
  }
  assert.equal((await ask(address.replace(/\w{4}$/, "0000"), "0,0")).status, 404);
});

Deno.test("what is drawn ahead stands below each other: the first position, and some along each choice", async () => {
  await using made = await slider(
    { k: Array.from({ length: 14 }, (_, i) => i + 2), method: ["<full>", "cc"] },
    ({ k, method }) => says(`${method} ${k}`),
    { at: { k: 5 }, ahead: 3 },
  );
  const { document } = parseHTML(made.html);
  const summaries = [...document.querySelectorAll("summary")].map(({ textContent }) => textContent);
  assert.deepEqual(summaries, [
    "k = 5, method = <full>",
    "k = 2, method = <full>",
    "k = 9, method = <full>",
    "k = 15, method = <full>",
    "k = 5, method = cc",
  ]);
  const sources = [...document.querySelectorAll("img")].map((image) => image.getAttribute("src")!);
  const texts = sources.map((source) => decodeURIComponent(source.split(",").slice(1).join()));
  assert.equal(texts[3], "<svg><text><full> 15</text></svg>");
  assert.deepEqual(
    [...document.querySelectorAll("input")].map((input) => input.getAttribute("value")),
    ["3", "0"],
  );
  assert.deepEqual([...document.querySelectorAll("output")].map((o) => o.textContent), [
    "5",
    "<full>",
  ]);
});

Deno.test("what cannot be drawn is left out ahead and said to the page; the next position is drawn", async () => {
  await using made = await slider({ k: [1, 2] }, ({ k }) => {
    if (k === 2) throw new RangeError("k is too large");
    return says(String(k));
  });
  assert.equal(made.html.match(/<details/g)?.length, 1);
  const address = addressOf(made.html);
  const { status, text } = await ask(address, "1");
  assert.deepEqual([status, text], [500, "RangeError: k is too large"]);
  assert.equal((await ask(address, "0")).status, 200);
  const none = slider({ k: [2] }, () => Promise.reject(new RangeError("not at all")));
  await assert.rejects(none, /not at all/);
});

Deno.test("of many sliders the oldest are let go", async () => {
  const all = [];
  for (let i = 0; i < 33; i++) all.push(await slider({ k: [1] }, () => says(String(i))));
  assert.equal((await ask(addressOf(all[0].html), "0")).status, 404);
  assert.equal((await ask(addressOf(all[1].html), "0")).status, 200);
  for (const made of all) await made[Symbol.asyncDispose]();
});

Deno.test("sliders share a server, which ends with the last of them", async () => {
  const one = await slider({ k: [1] }, ({ k }) => says(`one ${k}`));
  const two = await slider({ k: [1] }, ({ k }) => says(`two ${k}`));
  const [first, second] = [addressOf(one.html), addressOf(two.html)];
  assert.equal(new URL(first).port, new URL(second).port);
  await one[Symbol.asyncDispose]();
  assert.equal((await ask(first, "0")).status, 404);
  assert.equal((await ask(second, "0")).text, "<svg><text>two 1</text></svg>");
  await two[Symbol.asyncDispose]();
  await assert.rejects(ask(second, "0"));
});

Deno.test("values that cannot be chosen are refused", async () => {
  const draw = () => says("");
  await assert.rejects(slider({ k: [] }, draw), /k has no values/);
  const odd = { q: 1 } as unknown as { k: 1 };
  await assert.rejects(slider({ k: [1, 2] }, draw, { at: odd }), /there is no q to stand at/);
  await assert.rejects(slider({ k: [1, 2] }, draw, { ahead: NaN }), /ahead must be a positive in/);
  const nothing = () => undefined as unknown as Figure;
  await assert.rejects(slider({ k: [1, 2] }, nothing), /draw returned no Figure at k = 1/);
  await assert.rejects(
    slider({ k: [1, 2] }, draw, { at: { k: 3 as 1 } }),
    /Cannot make slider: k cannot be at 3, only at 1, 2/,
  );
});

Deno.test("names and values cannot break out of the page's script", async () => {
  await using made = await slider({ "</script><b>": ["</script>"] }, () => says("x"));
  assert.equal(made.html.match(/<\/script>/g)?.length, 1);
});
