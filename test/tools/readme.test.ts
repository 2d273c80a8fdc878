// The tables of the README that the code makes. `npm run docs` writes them.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { format, resolveConfig } from 'prettier';
import { describe, expect, test } from 'vitest';
import { MARKS, MARK_MEANINGS, RED_ABOVE_PERCENT } from '../../core/recording/quality.ts';
import { costTable } from '../../tools/cost.ts';
import { policyTable } from '../../tools/policy-table.ts';
import { graphOf, type World } from '../support/graph.ts';
import { ROOT } from '../support/source-tree.ts';
import { APP_ONLY, WHOLE } from '../support/worlds.ts';

const README = path.join(ROOT, 'README.md');
const EMAIL = { email: 'a@example.com' };

const PROFILES: Readonly<Record<string, World>> = {
  'token only': { ...APP_ONLY, config: { ...EMAIL, harvester: 'false' } },
  'with harvester': { ...APP_ONLY, config: EMAIL },
  'with everything': {
    ...WHOLE,
    config: {
      ...WHOLE.config,
      ...EMAIL,
      athena: 'true',
      dashboard: 'true',
      watchReads: 'true',
      harvesters: JSON.stringify([{ symbols: 'NSE:SBIN-EQ' }, { symbols: 'NSE:INFY-EQ' }]),
      customerKey: 'true',
      readers: 'arn:aws:iam::123456789012:role/bot',
      reservedConcurrency: '1',
    },
  },
};

async function costs(): Promise<string> {
  const priced: Record<string, Awaited<ReturnType<typeof graphOf>>['resources']> = {};
  // One after the other: the SDK's mock monitor is one of the process.
  for (const [name, world] of Object.entries(PROFILES)) {
    priced[name] = (await graphOf(world)).resources;
  }
  return costTable(priced);
}

function marksTable(): string {
  const lines = MARKS.map((mark) => {
    const { judged, means } = MARK_MEANINGS[mark];
    return `| \`${mark}\` | ${judged} | ${means} | ${String(RED_ABOVE_PERCENT[mark])} % |`;
  });
  return ['| Mark | Judged in | Says | Red above |', '| --- | --- | --- | --: |', ...lines].join(
    '\n',
  );
}

/** @throws Error where the README has no such place */
function between(text: string, name: string, content: string): string {
  const [start, end] = [`<!-- ${name}: \`npm run docs\` -->`, `<!-- end of ${name} -->`];
  const [from, to] = [text.indexOf(start), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`README.md has no place for ${name}`);
  return `${text.slice(0, from + start.length)}\n\n${content}\n\n${text.slice(to)}`;
}

describe('The README', () => {
  test('shows who may do what, what it costs and what marks mean, as the code has it (`npm run docs` writes it)', async () => {
    const permissions = between(readFileSync(README, 'utf8'), 'permissions', policyTable());
    const marks = between(permissions, 'marks', marksTable());
    const text = between(marks, 'cost', await costs());
    const options = await resolveConfig(README);
    const current = await format(text, { ...options, filepath: README });
    await expect(current).toMatchFileSnapshot(README);
  });
});
