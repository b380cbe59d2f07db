/**
 * What a LAC runs of a configuration: its own settings in the place of the server's, and each
 * client's device as the network that it is in the data plane.
 *
 * @module
 */
import { CLIENTS_MAX, SESSIONS_MAX } from "../limits.ts";
import type { ClientConfig, Config, NetworkConfig } from "./config.ts";

export function asLac(config: Config): Config {
  const { lac, clients } = config;
  return {
    ...config,
    lns: {
      ...lac,
      steer: "tunnel",
      // One tunnel at least for each client, ours or the LNS's, while old ones still linger.
      maxTunnels: 4 * CLIENTS_MAX,
      maxSessions: Math.min(4 * CLIENTS_MAX, SESSIONS_MAX),
      followPort: true,
      proxyAuthentication: false,
    },
    networks: clients.map(networkOf),
    users: [],
    forwards: [],
  };
}

function networkOf({ name, tun, mtu }: ClientConfig): NetworkConfig {
  return {
    ...{ name, tun, mtu },
    gateway: "0.0.0.0",
    ...{ pool: [], pool6: [], dns: [], nbns: [], routes: [] },
    ...{ nat: false, rateDown: 0, rateUp: 0, idle: 0 },
    ...{ mssClamp: true, dscp: 0, ecn: false, sequencing: false },
  };
}
