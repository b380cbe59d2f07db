// Layout of the records that the codec reads and writes, in octets. This file is both
// AssemblyScript and TypeScript: plain constants only, so that both sides share one truth.
// Records are in host order (little-endian) and 4-byte aligned.

// Descriptor: where a packet lies (input of the batch functions).
export const DESCRIPTOR_AT = 0; // u32, address of the first octet
export const DESCRIPTOR_LENGTH = 4; // u32, octets
export const DESCRIPTOR_SIZE = 8;

// Header record: one L2TP header (RFC 2661 3.1), parsed or to be built.
export const HEADER_BITS = 0; // u16, the first 16 bits of the header: T L S O P and Ver
export const HEADER_STATUS = 2; // u16, a STATUS_ value
export const HEADER_LENGTH = 4; // u16, Length field; 0 when L is clear
export const HEADER_TUNNEL_ID = 6; // u16
export const HEADER_SESSION_ID = 8; // u16
export const HEADER_NS = 10; // u16, 0 when S is clear
export const HEADER_NR = 12; // u16, 0 when S is clear
export const HEADER_OFFSET_SIZE = 14; // u16, 0 when O is clear
export const HEADER_PAYLOAD_AT = 16; // u32, octets from the start of the datagram
export const HEADER_PAYLOAD_LENGTH = 20; // u32
export const HEADER_RECORD_SIZE = 24;

// Bits of HEADER_BITS.
export const BIT_TYPE = 0x8000;
export const BIT_LENGTH = 0x4000;
export const BIT_SEQUENCE = 0x0800;
export const BIT_OFFSET = 0x0200;
export const BIT_PRIORITY = 0x0100;
export const VERSION_MASK = 0x000f;
export const L2TP_VERSION = 2;

// Why a datagram, an AVP or a frame was refused; 0 is success.
export const STATUS_OK = 0;
export const STATUS_SHORT = 1; // fewer octets than the fields that are announced
export const STATUS_VERSION = 2; // Ver is not 2
export const STATUS_LENGTH = 3; // Length field smaller than the header or larger than the datagram
export const STATUS_OFFSET = 4; // Offset Pad runs past the end
export const STATUS_CONTROL_BITS = 5; // control message without L or S, or with O or P
export const STATUS_AVP_LENGTH = 6; // AVP shorter than 6 octets or longer than what remains
export const STATUS_TOO_MANY = 7; // more AVPs than records to take them
export const STATUS_CAPACITY = 8; // the output does not fit
export const STATUS_IP_VERSION = 9; // IP version is neither 4 nor 6
export const STATUS_IP_HEADER = 10; // IP header length or total length is wrong
export const STATUS_IP_CHECKSUM = 11; // IPv4 header checksum is wrong

// AVP record (RFC 2661 4.1).
export const AVP_FLAGS = 0; // u16, AVP_MANDATORY | AVP_HIDDEN | AVP_RESERVED bits as on the wire
export const AVP_VENDOR = 2; // u16
export const AVP_TYPE = 4; // u16
export const AVP_VALUE_LENGTH = 6; // u16, 0 to 1017
export const AVP_VALUE_AT = 8; // u32, address of the value
export const AVP_RECORD_SIZE = 12;
export const AVP_HEADER_SIZE = 6;
export const AVP_LENGTH_MAX = 1023;
export const AVP_MANDATORY = 0x8000;
export const AVP_HIDDEN = 0x4000;
export const AVP_RESERVED = 0x3c00;

// PPP record: one frame without HDLC flags and FCS, as L2TP carries it (RFC 1661, RFC 1662).
export const PPP_STATUS = 0; // u16
export const PPP_PROTOCOL = 2; // u16
export const PPP_INFORMATION_AT = 4; // u32, octets from the start of the frame
export const PPP_INFORMATION_LENGTH = 8; // u32
export const PPP_RECORD_SIZE = 12;
export const PPP_ACFC = 1; // build flag: leave Address and Control out
export const PPP_PFC = 2; // build flag: one octet of Protocol where it is below 0x100
