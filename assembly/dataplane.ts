import { getU16 } from "./bytes";
import { HEADER_RECORD_SIZE } from "./records";
export function test(at: usize): u32 { return getU16(at) + HEADER_RECORD_SIZE; }
