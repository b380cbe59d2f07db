/**
 * Bars as SVG, readable on a light and on a dark page.
 *
 * @module
 */
import { formatValue } from "./report.ts";

export interface BarChart {
  readonly title: string;
  readonly note: string;
  readonly series: readonly string[];
  readonly groups: readonly {
    readonly label: string;
    /** One for each of the series. */
    readonly values: readonly (number | undefined)[];
  }[];
}

const WIDTH = 760;
const LABELS = 220;
const FIGURES = 60;
const BAR = 14;
const GAP = 12;
const TOP = 78;
const LINE = 4;
/** Told apart also by those who do not see red or green (Okabe and Ito). */
const COLOURS = ["#0072b2", "#56b4e9", "#8a8a8a", "#d55e00"];
const STYLE = `text { font: 12px system-ui, sans-serif; fill: #1f2328; }
.title { font-size: 15px; font-weight: 600; }
.note { fill: #656d76; }
.page { fill: #ffffff; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; } .note { fill: #8b949e; } .page { fill: #0d1117; }
}`;

export function barChart({ title, note, series, groups }: BarChart): string {
  const largest = Math.max(...groups.flatMap(({ values }) => values.map((value) => value ?? 0)));
  const scale = (WIDTH - LABELS - FIGURES) / largest;
  const parts: string[] = [];
  let y = TOP;
  for (const { label, values } of groups) {
    const shown = values.flatMap((value, index) => (value === undefined ? [] : [{ value, index }]));
    parts.push(text(LABELS - 8, y + (shown.length * BAR) / 2 + LINE, label, "", "end"));
    for (const { value, index } of shown) {
      const width = Math.max(1, value * scale).toFixed(1);
      const colour = COLOURS[index % COLOURS.length];
      const size = `width="${width}" height="${BAR - 2}"`;
      parts.push(`<rect x="${LABELS}" y="${y}" ${size} fill="${colour}"/>`);
      parts.push(text(LABELS + Number(width) + 5, y + BAR - LINE, formatValue(value)));
      y += BAR;
    }
    y += GAP;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" role="img">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
<rect class="page" width="${WIDTH}" height="${y}"/>
${text(12, 24, title, "title")}
${text(12, 42, note, "note")}
${legend(series)}
${parts.join("\n")}
</svg>
`;
}

function legend(series: readonly string[]): string {
  return series
    .map((name, index) => {
      const x = 12 + index * 150;
      const square = `<rect x="${x}" y="53" width="11" height="11" fill="${COLOURS[index]}"/>`;
      return square + text(x + 16, 63, name);
    })
    .join("\n");
}

function text(x: number, y: number, content: string, className = "", anchor = "start"): string {
  const named = className === "" ? "" : ` class="${className}"`;
  return `<text x="${x.toFixed(1)}" y="${y}" text-anchor="${anchor}"${named}>${escaped(content)}</text>`;
}

function escaped(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
