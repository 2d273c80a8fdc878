// Simulates months of a harvester without an operator (`npm run soak -- [--seeds 1-12] [--write]`). `--write` writes the
// summary to `docs/soak.md`. Exits with 1 if there is a violation.
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs, styleText } from 'node:util';
import { format } from 'prettier';
import { ROOT } from '../support/source-tree.ts';
import { type Evidence, findViolations } from './invariants.ts';
import { MONTHS, runMonth } from './run-month.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1-12' },
    write: { type: 'boolean', default: false },
  },
});
const [first = 1, last = first] = values.seeds.split('-').map(Number);
const names = Object.keys(MONTHS) as (keyof typeof MONTHS)[];

type Summary = ReturnType<typeof summarise>;

const summaries: Summary[] = [];
for (let seed = first; seed <= last; seed += 1) {
  const month = names[seed % names.length] ?? 'winter';
  const evidence = await runMonth(MONTHS[month], seed);
  const summary = summarise(seed, month, evidence);
  summaries.push(summary);
  process.stdout.write(`${cellsOf(summary).join('  ')}\n`);
  for (const violation of summary.violations) process.stdout.write(`    ${violation}\n`);
}
const failed = summaries.some(({ violations }) => violations.length > 0);
process.stdout.write(
  failed
    ? styleText('red', 'Not every slot is accounted for.\n')
    : styleText('green', 'Every slot is accounted for.\n'),
);
if (values.write) {
  const text = await format(formatDocument(summaries), { parser: 'markdown', printWidth: 120 });
  await writeFile(path.join(ROOT, 'docs', 'soak.md'), text);
}
process.exitCode = failed ? 1 : 0;

function summarise(seed: number, month: string, evidence: Evidence) {
  const recorded = [...evidence.recorded.values()];
  const sum = (count: 'expected' | 'received' | 'explained'): number =>
    recorded.reduce((total, { manifest }) => total + manifest[count], 0);
  const reasons = new Map<string, number>();
  for (const { reason, symbols, from, to } of recorded.flatMap(({ holes }) => holes)) {
    const slots = (symbols.length * (to - from)) / evidence.everyMs;
    reasons.set(reason, (reasons.get(reason) ?? 0) + slots);
  }
  return {
    seed,
    month,
    days: recorded.length,
    faults: evidence.days.flatMap(({ faults }) => faults).length,
    expected: sum('expected'),
    received: sum('received'),
    explained: sum('explained'),
    alarms: evidence.firedAlarms.length,
    reasons,
    violations: findViolations(evidence),
  };
}

function cellsOf(summary: Summary): readonly string[] {
  const { seed, month, days, faults, expected, received, explained, alarms, violations } = summary;
  const numbers = [days, faults, expected, received, explained, expected - received - explained];
  return [
    String(seed),
    month,
    ...[...numbers, alarms, violations.length].map((n) => n.toLocaleString('en')),
  ];
}

function formatDocument(all: readonly Summary[]): string {
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const head = [
    ...['Seed', 'Month', 'Sessions', 'Faults', 'Expected', 'Received', 'Explained', 'Neither'],
    ...['Alarms', 'Violations'],
  ];
  const reasons = new Map<string, number>();
  for (const [reason, slots] of all.flatMap((each) => [...each.reasons])) {
    reasons.set(reason, (reasons.get(reason) ?? 0) + slots);
  }
  const byCount = [...reasons].sort(([, a], [, b]) => b - a);
  return `# Months without an operator

Written by \`npm run soak -- --seeds ${values.seeds} --write\`. Each line is thirty days of the harvester on a simulated
clock: its own loop, feed and files, two symbols every minute, with random faults of the broker, the token, the machine, the
bucket and the disk by seed (\`test/unattended/\`). The result is checked against the broker's request log, the objects in
the bucket, and the alarms that the metrics fire. Counts are of symbol and slot.

${[head, head.map((_, index) => (index === 1 ? '---' : '--:')), ...all.map(cellsOf)].map(row).join('\n')}

Reasons of slots without a row, in all months (a slot may have more than one reason):

${[['Reason', 'Slots'], ['---', '--:'], ...byCount.map(([reason, slots]) => [reason, slots.toLocaleString('en')])].map(row).join('\n')}
`;
}
