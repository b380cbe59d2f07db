/** Text in cells of a terminal. @module */

const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;

function widthOf(character: string): number {
  if (/\p{M}/u.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}

/** Exactly `width` cells: cut, with a mark, or filled up on the other side of `align`. */
export function fit(text: string, width: number, align: "left" | "right" = "left"): string {
  const characters = [...text];
  const whole = characters.reduce((sum, character) => sum + widthOf(character), 0);
  if (whole <= width) {
    const fill = " ".repeat(width - whole);
    return align === "left" ? `${text}${fill}` : `${fill}${text}`;
  }
  let kept = "";
  let used = 0;
  for (const character of characters) {
    if (used + widthOf(character) > width - 1) break;
    kept += character;
    used += widthOf(character);
  }
  return width < 1 ? "" : `${kept}…${" ".repeat(Math.max(0, width - 1 - used))}`;
}

const UNITS = ["", "k", "M", "G", "T"];

/** Powers of ten, three digits: "0", "7.5", "999", "1.23k", "45.6M". */
export function formatShort(value: number): string {
  let scaled = value;
  let unit = 0;
  while (scaled >= 999.5 && unit < UNITS.length - 1) {
    scaled /= 1_000;
    unit++;
  }
  if (scaled === 0) return "0";
  const digits = scaled >= 99.95 ? 0 : scaled >= 9.995 ? 1 : 2;
  return `${unit === 0 ? String(Number(scaled.toFixed(1))) : scaled.toFixed(digits)}${UNITS[unit]}`;
}

const BARS = "▁▂▃▄▅▆▇█";

/** A bar each, the highest one as high as a line; the newest last. */
export function sparkline(values: readonly number[], width: number): string {
  const shown = width > 0 ? values.slice(-width) : [];
  const highest = Math.max(...shown, 0);
  return shown
    .map((value) => {
      const step = highest > 0 ? Math.ceil((value / highest) * BARS.length) - 1 : 0;
      return BARS[Math.max(0, step)];
    })
    .join("");
}
