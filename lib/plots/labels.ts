/**
 * Labels beside what they name, instead of a legend.
 *
 * @module
 */
import { element, textLine } from "./svg.ts";
import type { MethodStyle } from "./theme.ts";

/** Moves positions apart until neighbours are at least `gap` from each other, as little as needed. */
export function spread(positions: readonly number[], gap: number): number[] {
  const order = positions.map((_, i) => i).sort((a, b) => positions[a] - positions[b] || a - b);
  // runs of labels that touch are centred on the mean of where they belong
  const runs: { members: number[]; start: number }[] = [];
  for (const member of order) {
    runs.push({ members: [member], start: positions[member] });
    while (runs.length > 1) {
      const [above, below] = runs.slice(-2);
      if (above.start + above.members.length * gap <= below.start) break;
      const members = [...above.members, ...below.members];
      const centre = members.reduce((sum, i) => sum + positions[i], 0) / members.length;
      runs.splice(-2, 2, { members, start: centre - gap * (members.length - 1) / 2 });
    }
  }
  const out = [...positions];
  for (const { members, start } of runs) {
    members.forEach((member, n) => out[member] = start + n * gap);
  }
  return out;
}

/** A label at the end of a line. */
export interface EndLabel {
  /** What it says. */
  text: string;
  /** Height in px at which its line ends. */
  y: number;
  /** Where its line ends, in px. */
  x: number;
  /** Style of the method. */
  style: MethodStyle;
}

/** Labels to the right of where lines end, moved apart, each with a short leader. */
export function endLabels(labels: readonly EndLabel[], x: number, size = 12): string {
  const places = spread(labels.map((label) => label.y), size * 1.25);
  return labels.map((label, i) =>
    element("path", {
      d: `M${label.x + 6},${label.y}L${x - 12},${label.y}L${x - 4},${places[i]}`,
      fill: "none",
      stroke: label.style.color,
      "stroke-opacity": 0.55,
    }) +
    textLine(label.text, x, places[i] + size * 0.35, {
      size,
      fill: label.style.ink,
      weight: 600,
    })
  ).join("");
}
