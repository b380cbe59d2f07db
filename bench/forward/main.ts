/**
 * `simplon bench forward`: packet rates and CPU time of a whole LNS, beside a reference in C that
 * marks the limit, and beside l2tpns. Needs root, iproute2, nftables and two cores.
 *
 *   --quick                          everything once, and short
 *   --rounds N, --seconds S          of each measurement; the median of the rounds is shown
 *   --only NAME[,NAME]               scenarios.ts has the names; also latency, many,
 *                                    workers, idle, switch
 *   --direction up|down
 *   --with NAME[,NAME]               simplon, reference, l2tpns
 *   --runtime deno|node              of simplon
 *   --sessions N                     10 unless told otherwise
 *   --size N, --flows N              one scenario: UDP, packets of that size one by one
 *   --json, --compare FILE
 *
 * The program under test has core 0 for itself; all that loads it is on core 1. Each program has
 * a network of its own, and all are asked in turn in each round, so that what disturbs the machine
 * falls on all alike. A figure is the median of its rounds.
 *
 * @module
 */
import { median, present, progress, progressEnd, readReport, reportOf } from "../report.ts";
import { residentKib } from "./figures.ts";
import { assertPossible, removeAbandoned } from "./lab.ts";
import { sleep } from "./lines.ts";
import { measure, measureLatency, measureUdp } from "./measure.ts";
import { LATENCY_LOAD, type Options, parseOptions } from "./options.ts";
import { closeAll, untilInterrupted } from "./places.ts";
import { missing } from "./programs.ts";
import { type Found, type Latency, type Many, type Memory, reportRows, tables } from "./results.ts";
import { type Measured, SCENARIOS, type Scenario } from "./scenarios.ts";
import { type Subject, type SubjectName, startSubject, TITLES } from "./subjects.ts";
import { measureSwitches } from "./switches.ts";
import { measureThreads } from "./threads.ts";

const LATENCY_SIZE = 200;
/** Until what the set-up of many sessions has left behind is collected, as far as it will be. */
const SETTLE_S = 3;

export async function forward(args: readonly string[]): Promise<number> {
  const options = parseOptions(args);
  if (options.compare !== undefined) readReport(options.compare, "forward");
  assertPossible("bench forward");
  removeAbandoned();
  return untilInterrupted(async () => {
    const found = await findAll(options);
    progressEnd();
    const report = reportOf("forward", reportRows(found));
    present(report, options, () => tables(options, found));
    return 0;
  });
}

async function findAll(options: Options): Promise<Found> {
  const names = options.subjects.filter((name) => {
    const why = missing(name);
    if (why !== "") progress(`${TITLES[name]} is left out: ${why}`);
    return why === "";
  });
  const { scenarios, hasLatency } = options;
  const subjects: Subject[] = [];
  if (scenarios.length > 0 || hasLatency) {
    for (const name of names) {
      progress(`starting ${TITLES[name]}`);
      subjects.push(await startSubject(name, options.sessions));
    }
  }
  const measured = await rounds(subjects, scenarios, options);
  const latencies = hasLatency ? await latency(subjects, measured, options) : [];
  await closeAll();
  const many: Many[] = [];
  const memory: Memory[] = [];
  for (const name of names) {
    // l2tpns is not asked: that is a question of how far simplon comes up to itself.
    if (options.many > 0 && name !== "l2tpns") {
      await manySessions(name, options, { many, memory });
    }
  }
  const threads = await measureThreads(names, options);
  const switched = options.hasSwitch ? await measureSwitches(names, options) : [];
  return { measured, latencies, many, memory, threads, switched };
}

/** Each round measures everything once with each program. */
async function rounds(
  subjects: readonly Subject[],
  scenarios: readonly Scenario[],
  { rounds: count, directions, seconds }: Options,
): Promise<Measured[]> {
  const measured: Measured[] = [];
  const total = count * scenarios.length * directions.length * subjects.length;
  for (let round = 1; round <= count; round++) {
    for (const scenario of scenarios) {
      for (const direction of directions) {
        for (const subject of subjects) {
          const what = `${scenario.title}, ${direction}: ${TITLES[subject.name]}`;
          progress(`${measured.length + 1} of ${total}, round ${round} of ${count}: ${what}`);
          measured.push(await measure(subject, scenario, direction, seconds));
        }
      }
    }
  }
  return measured;
}

/** At half of the rate that the program has shown; if that was not asked for, it is found here. */
async function latency(
  subjects: readonly Subject[],
  measured: readonly Measured[],
  { rounds: count, directions, seconds }: Options,
): Promise<Latency[]> {
  const found: Latency[] = [];
  const load = SCENARIOS.find(({ name }) => name === LATENCY_LOAD) as Scenario;
  const shown = measured.filter(({ scenario }) => scenario === LATENCY_LOAD);
  for (let round = 1; round <= count; round++) {
    for (const direction of directions) {
      for (const subject of subjects) {
        const { name } = subject;
        progress(`round ${round} of ${count}: latency, ${direction}: ${TITLES[name]}`);
        const isSame = (each: Measured) => each.subject === name && each.direction === direction;
        if (!shown.some(isSame)) shown.push(await measure(subject, load, direction, seconds));
        const half = median(shown.filter(isSame).map(({ rate }) => rate)) / 2;
        const times = await measureLatency(subject, LATENCY_SIZE, direction, seconds, half);
        found.push({ subject: name, direction, times });
      }
    }
  }
  return found;
}

/** Many sessions of one flow each, against one session of as many flows; and what they take idle. */
async function manySessions(
  name: SubjectName,
  { directions, rounds: count, seconds, many: sessions }: Options,
  found: { readonly many: Many[]; readonly memory: Memory[] },
): Promise<void> {
  const both: Subject[] = [];
  for (const number of [1, sessions]) {
    progress(`${TITLES[name]}: setting up ${number} session${number === 1 ? "" : "s"}`);
    both.push(await startSubject(name, number));
  }
  await sleep(Math.min(SETTLE_S, 5 * seconds) * 1000);
  for (const [index, { program }] of both.entries()) {
    const kib = residentKib(program.pid);
    found.memory.push({ subject: name, sessions: index === 0 ? 1 : sessions, kib });
  }
  const load = { size: LATENCY_SIZE, flows: sessions, isSegmented: false, isShuffled: true };
  for (let round = 1; round <= count; round++) {
    for (const direction of directions) {
      for (const [index, subject] of both.entries()) {
        const has = index === 0 ? 1 : sessions;
        const what = `${has} × ${sessions / has}, ${direction}: ${TITLES[name]}`;
        progress(`round ${round} of ${count}: ${what}`);
        const { cost, rate } = await measureUdp(subject, "many", load, direction, seconds);
        found.many.push({ subject: name, direction, sessions: has, flows: sessions, cost, rate });
      }
    }
  }
  await closeAll();
}
