/** What cannot be done with the workers, in words for the operator. */
export class WorkersError extends Error {
  override readonly name = "WorkersError";
}
