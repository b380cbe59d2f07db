/** Asks for a DSCP of control messages and one of data (RFC 3308), and hangs up at the first frame. */
import { AvpType, makeAvp } from "../../../src/codec/index.ts";
import { RawLac, TUNNEL_ID, u16 } from "./raw-lac.ts";

const PHB_SHIFT = 10;

const [control = "0", data = "0"] = process.argv.slice(2);
const lac = new RawLac();
await lac.connect(
  [makeAvp(AvpType.Sds, Number(data) << PHB_SHIFT)],
  [makeAvp(AvpType.Ccds, Number(control) << PHB_SHIFT)],
);
await lac.frame("a frame", () => true);
lac.send("StopCCN", [
  { type: AvpType.AssignedTunnelId, value: u16(TUNNEL_ID) },
  { type: AvpType.ResultCode, value: u16(1) },
]);
// Gone once it is acknowledged.
setTimeout(() => lac.close(), 500);
