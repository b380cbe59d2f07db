/** Sizes of the memory that others may know. @module */
export { SLOT_COUNT, WORKERS_MAX } from "../../assembly/layout.ts";
