/**
 * l2tpns as LNS where the clients of other tests are, at 10.9.0.1, with a RADIUS server that knows one
 * user. Inside it is 10.11.0.1, and the file servers at 10.11.0.2.
 */
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Child, must, poll } from "./child.ts";
import { type Lab, root } from "./lab.ts";

export const L2TPNS_ADDRESS = "10.9.0.1";
/** Of the file servers behind it. */
export const L2TPNS_SERVER = "10.11.0.2";
export const L2TPNS_SECRET = "tunnelsecret";

const PROGRAM = "/usr/sbin/l2tpns";
const RADIUS_SECRET = "radsecret";

export class L2tpns {
  readonly #lab: Lab;
  readonly #directory: string;
  #child: Child | undefined;
  #radius: Child | undefined;
  #log = "";

  private constructor(lab: Lab) {
    this.#lab = lab;
    this.#directory = mkdtempSync(join(lab.directory, "l2tpns-"));
  }

  /** Prepares all that is behind it; `start` starts it. */
  static async prepare(lab: Lab, user: string, password: string): Promise<L2tpns> {
    const l2tpns = new L2tpns(lab);
    const lac = lab.namespace("lac");
    await must("ip", ["-n", lac, "addr", "add", `${L2TPNS_SERVER}/32`, "dev", "lo"]);
    const file = join(root, "test", "system", "support", "radius.ts");
    const argv = [process.execPath, file, RADIUS_SECRET, user, password];
    l2tpns.#radius = lab.startInside("lac", argv, { input: true });
    await l2tpns.#radius.line(/^ready$/, 10_000);
    const directory = join(l2tpns.#directory, "files");
    mkdirSync(directory);
    await lab.start("servers.sh", [directory, lac]).line(/^RESULT servers=ready$/, 20_000);
    return l2tpns;
  }

  /** `types`: what it asks for, in that order. */
  async start(types = "chap,pap"): Promise<void> {
    const etc = mkdtempSync(join(this.#directory, "etc-"));
    this.#log = join(etc, "log");
    writeFileSync(this.#log, "");
    const text = configuration(this.#log, join(etc, "pid"), types);
    writeFileSync(join(etc, "startup-config"), text);
    writeFileSync(join(etc, "ip_pool"), "10.10.0.0/24\n");
    writeFileSync(join(etc, "users"), "admin:admin\n");
    // Its folder is compiled in: ours is bound over it, in a mount namespace of its own.
    const script = `mount --bind "$1" /etc/l2tpns && exec ${PROGRAM}`;
    const [command, args] = this.#lab.inside("lac", ["sh", "-c", script, "sh", etc]);
    this.#child = new Child(command, args);
    // It serves only once it has elected itself master of its cluster.
    await poll("l2tpns that serves", 20_000, () => /becoming master/.test(this.log));
  }

  /** What it has read and done. */
  get log(): string {
    return readFileSync(this.#log, "utf8");
  }

  /** Lets it hang up on the user. */
  async hangUp(): Promise<void> {
    this.#radius?.lines.splice(0);
    this.#radius?.write("disconnect\n");
    await this.#radius?.line(/^disconnected$/, 5_000);
  }

  /** Without a word: on SIGTERM it may keep its ports for more than a minute. */
  async kill(): Promise<void> {
    this.#child?.signal("SIGKILL");
    await this.#child?.ended(5_000);
    this.#child = undefined;
  }
}

function configuration(log: string, pid: string, types: string): string {
  return `set debug 4
set log_file "${log}"
set pid_file "${pid}"
set hostname "l2tpns"
set l2tp_secret "${L2TPNS_SECRET}"
set bind_address ${L2TPNS_ADDRESS}
set peer_address 10.11.0.1
set primary_dns 10.11.0.2
set primary_radius 127.0.0.1
set primary_radius_port 1812
set radius_secret "${RADIUS_SECRET}"
set radius_authtypes "${types}"
set radius_accounting no
set allow_duplicate_users yes
set cli_bind_address 127.0.0.1
set cluster_interface "lo"
set cluster_hb_interval 5
set cluster_hb_timeout 15
set send_garp no
set throttle_speed 0
set packet_limit 0
set icmp_rate 0
set echo_timeout 60
set idle_echo_timeout 600
set ipv6_prefix 2001:db8:6464::
`;
}
