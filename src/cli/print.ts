/** Answers on stdout. @module */

export function print(text: string): void {
  try {
    process.stdout.write(text);
  } catch (error) {
    outputFailed(error as NodeJS.ErrnoException);
  }
}

/** `simplon show … | head` closes the pipe early: that is no failure and deserves no message. */
export function outputFailed(error: NodeJS.ErrnoException): never {
  if (error.code === "EPIPE") process.exit(0);
  process.stderr.write(`simplon: stdout cannot be written (${error.code ?? error.message})\n`);
  process.exit(1);
}
