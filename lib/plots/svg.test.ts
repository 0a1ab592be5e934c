import assert from "node:assert/strict";
import { escapeXml, roundGeometry, textWidth, wrapText } from "./svg.ts";
import { methodStyle, THEME } from "./theme.ts";

Deno.test("wrapText loses no word and keeps to the width", () => {
  const text = "one two three four five six seven";
  const lines = wrapText(text, 80, 12);
  assert.equal(lines.join(" "), text);
  assert.ok(lines.length > 2);
  assert.deepEqual(wrapText("unbreakable", 5, 12), ["unbreakable"]);
});

Deno.test("text is measured by the font: letters of their own width, bold ones wider", () => {
  assert.ok(textWidth("iii", 12) < textWidth("mmm", 12) / 2);
  assert.ok(textWidth("Recall", 12, 600) > textWidth("Recall", 12));
  assert.ok(Math.abs(textWidth("ab", 24) - 2 * textWidth("a", 12) - 2 * textWidth("b", 12)) < 1e-9);
  assert.equal(textWidth("象", 12), 12); // of no letter that the font has
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
