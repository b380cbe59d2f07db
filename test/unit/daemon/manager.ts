/** The socket of a service manager: Python has datagrams of Unix sockets, Node has none. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";

const PATIENCE_MS = 15_000;
const SILENCE_MS = 200;
const SCRIPT = `
import json, socket, struct, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
s.bind(sys.argv[1].replace("@", "\\0", 1) if sys.argv[1].startswith("@") else sys.argv[1])
print("listening", flush=True)
while True:
    data, aux, _, _ = s.recvmsg(4096, 64)
    pid = struct.unpack("3i", aux[0][2])[0]
    print(json.dumps([data.decode(), pid]), flush=True)
`;

export class Manager {
  /** The process that sent the last message which was taken. */
  sender = 0;
  readonly #process: ChildProcess;
  readonly #heard: string[] = [];

  private constructor(socket: string) {
    this.#process = spawn("python3", ["-c", SCRIPT, socket], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const { stdout } = this.#process;
    if (stdout) createInterface({ input: stdout }).on("line", (line) => this.#heard.push(line));
  }

  static async listen(socket: string): Promise<Manager> {
    const manager = new Manager(socket);
    assert.equal(await manager.#line(PATIENCE_MS), "listening");
    return manager;
  }

  /** The next message, which must come. */
  async next(): Promise<string> {
    const line = await this.#line(PATIENCE_MS);
    if (line === undefined) throw new Error("the service manager heard nothing");
    const [text, pid] = JSON.parse(line) as [string, number];
    this.sender = pid;
    return text;
  }

  /** "" when nothing comes for a moment, else what did. */
  async silence(): Promise<string> {
    return (await this.#line(SILENCE_MS)) ?? "";
  }

  close(): void {
    this.#process.kill("SIGKILL");
  }

  async #line(patienceMs: number): Promise<string | undefined> {
    const end = performance.now() + patienceMs;
    while (this.#heard.length === 0 && performance.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return this.#heard.shift();
  }
}
