/** Fields of the frames of a capture as tshark prints them. */
import { must } from "./child.ts";

const SEPARATOR = "\x1f";

/** Values of each field by frame number; fields that a frame does not have are absent. */
export async function fieldsOf(
  file: string,
  filter: string,
  fields: readonly string[],
): Promise<Map<number, Map<string, string[]>>> {
  const columns = ["frame.number", ...fields];
  const output = await tshark(file, filter, [
    ...["-T", "fields", "-E", "occurrence=a", "-E", `aggregator=${SEPARATOR}`],
    ...columns.flatMap((field) => ["-e", field]),
  ]);
  const frames = new Map<number, Map<string, string[]>>();
  for (const line of output.split("\n").filter((text) => /^\d+\t/.test(text))) {
    const [frame = "", ...cells] = line.split("\t");
    const values = new Map<string, string[]>();
    cells.forEach((cell, index) => {
      if (cell !== "") values.set(fields[index] ?? "", cell.split(SEPARATOR));
    });
    frames.set(Number(frame), values);
  }
  return frames;
}

/** One line for each frame that passes the filter. */
export async function summaryOf(file: string, filter: string): Promise<string[]> {
  const output = await tshark(file, filter, ["-t", "r"]);
  return output.split("\n").filter((line) => /^ *\d+ /.test(line));
}

/** What travels inside the tunnel is looked at down to its IP header: its payload is not ours. */
function tshark(file: string, filter: string, args: readonly string[]): Promise<string> {
  const quiet = ["tcp", "icmp"].flatMap((protocol) => ["--disable-protocol", protocol]);
  const options = ["-n", "-o", "ip.check_checksum:TRUE", ...quiet, "-Y", filter];
  return must("tshark", ["-r", file, ...options, ...args], { ms: 300_000 });
}
