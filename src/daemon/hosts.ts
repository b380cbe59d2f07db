/** What `--tun none` has in the place of devices: a gateway per network, inside the program. @module */
import type { NetworkConfig } from "../config/config.ts";
import { Gateway, gatewayCounters } from "../host/gateway.ts";
import { HOST_PACKETS_PER_TURN, MTU_MAX } from "../limits.ts";
import { EAGAIN, EINTR, ENOBUFS, SystemError } from "../linux/errno.ts";
import type { Libc } from "../linux/libc.ts";
import { gateway6Of } from "../net.ts";

export class Hosts {
  readonly counters = { ...gatewayCounters(), "host-lost": 0 };
  readonly #libc: Libc;
  readonly #fds: readonly number[];
  readonly #gateways: readonly Gateway[];
  readonly #packet = new Uint8Array(MTU_MAX);

  /** `fds` in the order of `networks`; empty where there are devices. */
  constructor(libc: Libc, fds: readonly number[], networks: readonly NetworkConfig[]) {
    this.#libc = libc;
    this.#fds = fds;
    this.#gateways = networks.map(({ gateway, pool6: [pool] }) => {
      const gateway6 = pool === undefined ? undefined : gateway6Of(pool);
      return new Gateway({ gateway, gateway6 }, this.counters);
    });
  }

  /** Answers what has come. */
  turn(): void {
    for (const [index, fd] of this.#fds.entries()) {
      for (let count = 0; count < HOST_PACKETS_PER_TURN; count++) {
        const length = this.#libc.recv(fd, this.#packet);
        if (length < 0) {
          this.#tolerate("recv", [EAGAIN, EINTR]);
          break;
        }
        const answer = this.#gateways[index]?.answer(this.#packet.subarray(0, length));
        if (answer === undefined || this.#libc.send(fd, answer) >= 0) continue;
        this.#tolerate("send", [EAGAIN, EINTR, ENOBUFS]); // the worker reads it no faster
        this.counters["host-lost"]++;
      }
    }
  }

  #tolerate(call: string, expected: readonly number[]): void {
    const errno = this.#libc.errno();
    if (!expected.includes(errno)) throw new SystemError(call, errno);
  }
}
