// codec.wasm: the embeddable module. Its only import is a memory, it holds no state and allocates
// nothing: addresses of packets and records are handed in. dataplane.wasm is the same source over
// shared memory, and the forwarding path.

export { checksum } from "./ip/checksum";
export { checkIpv4, checkIpv6 } from "./ip/header";
export { buildAvp, buildAvps, walkAvps } from "./l2tp/avp";
export { buildHeader, buildHeaders, parseHeader, parseHeaders } from "./l2tp/header";
export { buildFrameHeader, buildFrameHeaders, parseFrame, parseFrames } from "./ppp/frame";
