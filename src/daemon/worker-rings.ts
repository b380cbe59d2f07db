/** The rings between a worker and the control thread. @module */
import { WORKER_HANDED, WORKER_INJECT, WORKER_PUNT } from "../../assembly/layout.ts";
import { HandedRing, HandoverRing, InjectRing, PuntRing } from "../dataplane/rings.ts";

/** The ends of one worker's rings that the control thread holds. */
export class WorkerRings {
  readonly punt: PuntRing;
  readonly handed: HandedRing;
  readonly inject: InjectRing;
  readonly handover: HandoverRing;

  constructor(memory: WebAssembly.Memory, worker: number) {
    this.punt = new PuntRing(memory, worker + WORKER_PUNT);
    this.handed = new HandedRing(memory, worker + WORKER_HANDED);
    this.inject = new InjectRing(memory, worker + WORKER_INJECT);
    this.handover = new HandoverRing(memory, worker);
  }
}
