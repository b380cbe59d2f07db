/**
 * A login in text that a LAC has taken before PPP began (RFC 2661 4.4.5, Proxy Authen Type 1). The
 * peer has been asked nothing in PPP and is told nothing; there is no protocol of it.
 *
 * @module
 */
import type { AuthRequest, ProxyAuthen } from "../types.ts";
import { Authenticator, decodeName, isCredential, ProxyType } from "./authenticator.ts";

/** Whether it is a whole login in text. */
export function isTextual(authen: ProxyAuthen | undefined): boolean {
  const { type, name, response } = authen ?? {};
  return type === ProxyType.Textual && isCredential(name) && isCredential(response);
}

export class Textual extends Authenticator {
  override get protocol(): number {
    return 0;
  }

  override start(): void {}

  protected override waitedForPeer(): void {}

  protected override read(): undefined {
    return undefined;
  }

  protected override readProxy(authen: ProxyAuthen): AuthRequest | undefined {
    const { type, name, response } = authen;
    if (type !== ProxyType.Textual || !isCredential(name) || !isCredential(response)) {
      return undefined;
    }
    const password = response.slice();
    this.heard = { type, name: name.slice(), response: password };
    return { method: "pap", name: decodeName(name), password };
  }

  protected override repeats(): boolean {
    return false;
  }

  protected override sendResult(): void {}
}
