/** A log line for a person: time of day, level, message, fields. @module */

/** `line` is one JSON object as the log writes it, with its line feed. */
export function formatLine(line: string): string {
  const { time, level, msg, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const clock = String(time).slice(11, 19);
  const label = String(level).toUpperCase().padEnd(5);
  const text = Object.entries(fields).map(([key, value]) => `${key}=${formatValue(value)}`);
  return `${[clock, label, formatText(msg), ...text].join(" ")}\n${stackOf(fields)}`;
}

function formatValue(value: unknown): string {
  if (typeof value === "string" && /^[\w.:/@+-]+$/.test(value)) return value;
  if (isError(value)) return visible(JSON.stringify(value.message));
  return visible(JSON.stringify(value) ?? "");
}

function formatText(message: unknown): string {
  return typeof message === "string" ? visible(message) : "";
}

function stackOf(fields: Record<string, unknown>): string {
  const error = fields.err;
  if (!isError(error)) return "";
  return `${error.stack.split("\n").map(visible).join("\n")}\n`;
}

function isError(value: unknown): value is { message: string; stack: string } {
  return typeof value === "object" && value !== null && "stack" in value && "message" in value;
}

/** Host names and user names come from peers: no control character of theirs reaches a terminal. */
export function visible(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return `\\u{${code.toString(16)}}`;
  });
}
