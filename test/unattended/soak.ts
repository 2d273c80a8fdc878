// `npm run soak -- [--seeds 1-12] [--write]`: months of a harvester that nobody looks after, one after the other; `--write`
// keeps the summary in `docs/soak.md`. Exits 1 when one slot is unaccounted for.
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs, styleText } from 'node:util';
import { format } from 'prettier';
import { ROOT } from '../support/source-tree.ts';
import { type Evidence, judge } from './invariants.ts';
import { MONTHS, unattended } from './run-month.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1-12' },
    write: { type: 'boolean', default: false },
  },
});
const [first = 1, last = first] = values.seeds.split('-').map(Number);
const names = Object.keys(MONTHS) as (keyof typeof MONTHS)[];

interface Summary {
  readonly seed: number;
  readonly month: string;
  readonly days: number;
  readonly troubles: number;
  readonly expected: number;
  readonly received: number;
  readonly explained: number;
  readonly rings: number;
  readonly reasons: ReadonlyMap<string, number>;
  readonly objections: readonly string[];
}

const summaries: Summary[] = [];
for (let seed = first; seed <= last; seed += 1) {
  const month = names[seed % names.length] ?? 'winter';
  const evidence = await unattended(MONTHS[month], seed);
  const summary = summaryOf(seed, month, evidence);
  summaries.push(summary);
  process.stdout.write(`${lineOf(summary).join('  ')}\n`);
  for (const objection of summary.objections) process.stdout.write(`    ${objection}\n`);
}
const failed = summaries.some(({ objections }) => objections.length > 0);
process.stdout.write(
  failed
    ? styleText('red', 'Not every slot is accounted for.\n')
    : styleText('green', 'Every slot is accounted for.\n'),
);
if (values.write) {
  const text = await format(documentOf(summaries), { parser: 'markdown', printWidth: 120 });
  await writeFile(path.join(ROOT, 'docs', 'soak.md'), text);
}
process.exitCode = failed ? 1 : 0;

function summaryOf(seed: number, month: string, evidence: Evidence): Summary {
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
    troubles: evidence.days.flatMap(({ troubles }) => troubles).length,
    expected: sum('expected'),
    received: sum('received'),
    explained: sum('explained'),
    rings: evidence.rings.length,
    reasons,
    objections: judge(evidence),
  };
}

function lineOf(summary: Summary): readonly string[] {
  const { seed, month, days, troubles, expected, received, explained, rings, objections } = summary;
  const numbers = [days, troubles, expected, received, explained, expected - received - explained];
  return [
    String(seed),
    month,
    ...[...numbers, rings, objections.length].map((n) => n.toLocaleString('en')),
  ];
}

function documentOf(all: readonly Summary[]): string {
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const head = [
    'Seed',
    'Month',
    'Sessions',
    'Troubles',
    'Expected',
    'Received',
    'Explained',
    'Neither',
    'Alarms',
    'Objections',
  ];
  const reasons = new Map<string, number>();
  for (const [reason, slots] of all.flatMap((each) => [...each.reasons])) {
    reasons.set(reason, (reasons.get(reason) ?? 0) + slots);
  }
  const byCount = [...reasons].sort(([, a], [, b]) => b - a);
  return `# Months that nobody looked after

Written by \`npm run soak -- --seeds ${values.seeds} --write\`. Each line is thirty days of the harvester on a clock that jumps:
its own loop, feed and files, two symbols every minute, with the broker, the token, the machine and the bucket failing by
the luck of a seed (\`test/unattended/\`). It is judged by the broker's request log, by what lies in the bucket, and by the
alarms that the metrics ring. Counts are of symbol and slot.

${[head, head.map((_, index) => (index === 1 ? '---' : '--:')), ...all.map(lineOf)].map(row).join('\n')}

What explained a slot without a row, in all of them (a slot may have more than one reason):

${[['Reason', 'Slots'], ['---', '--:'], ...byCount.map(([reason, slots]) => [reason, slots.toLocaleString('en')])].map(row).join('\n')}
`;
}
