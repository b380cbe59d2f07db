/** Aligned columns and short numbers, for people. @module */

export interface Column<Row> {
  readonly title: string;
  readonly align: "left" | "right";
  readonly value: (row: Row) => string;
}

/** A header and a line a row, each column as wide as its widest cell. */
export function formatTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const header = columns.map(({ title }) => title);
  const lines = [header, ...rows.map((row) => columns.map(({ value }) => value(row)))];
  const widths = columns.map((_, index) =>
    lines.reduce((width, cells) => Math.max(width, cells[index]?.length ?? 0), 0),
  );
  const formatted = lines.map((cells) =>
    cells
      .map((cell, index) => {
        const width = widths[index] ?? 0;
        return columns[index]?.align === "right" ? cell.padStart(width) : cell.padEnd(width);
      })
      .join("  "),
  );
  return `${formatted.join("\n")}\n`;
}

/** The two largest units: "42s", "3m07s", "5h00m", "12d04h". */
export function formatAge(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (value: number): string => String(value).padStart(2, "0");
  const [minutes, hours, days] = [60, 3_600, 86_400].map((unit) => Math.floor(whole / unit));
  if (days) return `${days}d${two((hours ?? 0) % 24)}h`;
  if (hours) return `${hours}h${two((minutes ?? 0) % 60)}m`;
  if (minutes) return `${minutes}m${two(whole % 60)}s`;
  return `${whole}s`;
}

const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"];

/** Powers of ten, three digits: "0 B", "999 B", "1.23 MB", "45.6 GB". */
export function formatOctets(octets: number): string {
  let value = octets;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1_000;
    unit++;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}

/** "1,234,567", whatever the language of the host. */
export function formatCount(count: number): string {
  return String(count).replaceAll(/\B(?=(?:\d{3})+$)/g, ",");
}
