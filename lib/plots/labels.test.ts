import assert from "node:assert/strict";
import { createRandom } from "../numeric/random.ts";
import { spread } from "./labels.ts";
import { escapeXml, roundGeometry, wrapText } from "./svg.ts";
import { methodStyle, THEME } from "./theme.ts";

Deno.test("spread leaves labels with room where they are", () => {
  assert.deepEqual(spread([10, 50, 30], 15), [10, 50, 30]);
});

Deno.test("spread parts labels that touch, evenly around where they belong", () => {
  assert.deepEqual(spread([20, 20], 10), [15, 25]);
  assert.deepEqual(spread([20, 22, 100], 10), [16, 26, 100]);
});

Deno.test("spread keeps the order and the gap for any positions", () => {
  const random = createRandom("labels");
  for (let round = 0; round < 50; round++) {
    const positions = Array.from({ length: random.integer(1, 9) }, () => random.uniform(0, 60));
    const places = spread(positions, 12);
    const order = positions.map((_, i) => i).sort((a, b) => positions[a] - positions[b]);
    for (let i = 1; i < order.length; i++) {
      assert.ok(places[order[i]] - places[order[i - 1]] >= 12 - 1e-9, positions.join());
    }
  }
});

Deno.test("wrapText loses no word and keeps to the width", () => {
  const text = "one two three four five six seven";
  const lines = wrapText(text, 80, 12);
  assert.equal(lines.join(" "), text);
  assert.ok(lines.length > 2);
  assert.deepEqual(wrapText("unbreakable", 5, 12), ["unbreakable"]);
});

Deno.test("roundGeometry rounds geometry and leaves words and pictures alone", () => {
  assert.equal(
    roundGeometry('<path d="M1.23456,2.999999L3,-0.00001"/><text x="1.005">0.12345</text>'),
    '<path d="M1.23,3L3,0"/><text x="1">0.12345</text>',
  );
  const image = '<image href="data:image/png;base64,iVBOR/1.23456"/>';
  assert.equal(roundGeometry(image), image);
  assert.equal(escapeXml(`<a href="x">&'`), "&lt;a href=&quot;x&quot;&gt;&amp;&#39;");
  assert.equal(escapeXml("a\u0000b\u001b[2J\ud800\tc"), "a\uFFFDb\uFFFD[2J\uFFFD\tc");
});

/** WCAG contrast of two #rrggbb colours. */
function contrast(a: string, b: string): number {
  const luminance = (color: string) => {
    const [r, g, bl] = [1, 3, 5].map((i) => {
      const value = parseInt(color.slice(i, i + 2), 16) / 255;
      return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * bl;
  };
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}

Deno.test("text of every method is readable on the card, and methods differ in colour", () => {
  const methods = [
    "full image",
    "mean patch",
    "cc@10",
    "grid@10",
    "verified",
    "Patch-obj",
    "DetailCLIP",
  ];
  for (const method of [...methods, "something else"]) {
    const { ink, color } = methodStyle(method);
    assert.ok(contrast(ink, THEME.paper) >= 4.5, `${method}: ${contrast(ink, THEME.paper)}`);
    assert.ok(contrast(color, THEME.paper) >= 2, `${method}: ${contrast(color, THEME.paper)}`);
  }
  assert.equal(new Set(methods.map((method) => methodStyle(method).color)).size, methods.length);
  assert.equal(methodStyle("vc@10").color, methodStyle("verified").color);
  assert.ok(contrast(THEME.soft, THEME.paper) >= 4.5);
});
