// The virtio header in front of a packet of a TUN device: what the kernel is asked to do with it
// (virtio_net_hdr of the Linux UAPI; fields in host order).

import { read32, write8, write16, write64 } from "../bytes";
import {
  OFFLOAD_VIRTIO,
  VIRTIO_CHECKSUM_OFFSET,
  VIRTIO_CHECKSUM_START,
  VIRTIO_FLAGS,
  VIRTIO_HEADER_LENGTH,
  VIRTIO_NEEDS_CHECKSUM,
  VIRTIO_SEGMENT,
  VIRTIO_SIZE,
  VIRTIO_TYPE,
  WORKER_OFFLOADS,
} from "../layout";

/** A packet that is complete. */
export function writePlainVirtio(at: usize): void {
  write64(at, 0);
  write16(at + 8, 0);
}

/** A super-packet: `segment` octets of payload behind `headers` octets in each packet but the last. */
export function writeSuperVirtio(
  at: usize,
  type: u32,
  headers: u32,
  segment: u32,
  checksumStart: u32,
  checksumOffset: u32,
): void {
  write8(at + VIRTIO_FLAGS, VIRTIO_NEEDS_CHECKSUM);
  write8(at + VIRTIO_TYPE, type);
  write16(at + VIRTIO_HEADER_LENGTH, headers);
  write16(at + VIRTIO_SEGMENT, segment);
  write16(at + VIRTIO_CHECKSUM_START, checksumStart);
  write16(at + VIRTIO_CHECKSUM_OFFSET, checksumOffset);
}

/** Octets in front of each packet of a device. */
export function virtioSize(worker: usize): u32 {
  return (read32(worker + WORKER_OFFLOADS) & OFFLOAD_VIRTIO) !== 0 ? VIRTIO_SIZE : 0;
}
