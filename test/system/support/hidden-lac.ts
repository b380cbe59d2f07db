/**
 * A call with hidden AVPs to the LNS and with the secret in the arguments; its numbers follow. It ends
 * once the LNS speaks PPP.
 */
import { AvpType } from "../../../src/codec/index.ts";
import { avp, u16, utf8 } from "../../peer/lac.ts";
import { RawLac, TUNNEL_ID } from "./raw-lac.ts";

const SHUT_DOWN = 6;

const [lns = "", secret = "", called = "", calling = "", subAddress = ""] = process.argv.slice(2);
const lac = new RawLac(lns, secret);
await lac.connect([
  avp(AvpType.CalledNumber, utf8(called)),
  avp(AvpType.CallingNumber, utf8(calling)),
  avp(AvpType.SubAddress, utf8(subAddress)),
]);
await lac.frame("frame of the LNS", () => true);
lac.send("StopCCN", [
  avp(AvpType.AssignedTunnelId, u16(TUNNEL_ID)),
  avp(AvpType.ResultCode, u16(SHUT_DOWN)),
]);
lac.close();
