// Compares the generated parts of the documents with the code. `npm run docs` writes them.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { format, resolveConfig } from 'prettier';
import { describe, expect, test } from 'vitest';
import { costTable } from '../../tools/cost.ts';
import { KEY_NAMES, rowOf } from '../../core/config/keys.ts';
import {
  asBlock,
  columnsTable,
  commandsList,
  fillKeyComments,
  fillPlace,
  keysSection,
  keyTexts,
  marksList,
} from '../../tools/docs.ts';
import { parameterTable, permissionList } from '../../tools/policy-table.ts';
import { stage } from '../cli/cli-harness.ts';
import contract from '../contract.json' with { type: 'json' };
import { graphOf, type World } from '../support/graph.ts';
import { ROOT } from '../support/source-tree.ts';
import { APP_ONLY, WHOLE } from '../support/stack-configs.ts';

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
  const resources: Record<string, Awaited<ReturnType<typeof graphOf>>['resources']> = {};
  // One after another: the SDK's mock monitor is global in the process.
  for (const [name, world] of Object.entries(PROFILES)) {
    resources[name] = (await graphOf(world)).resources;
  }
  return costTable(resources);
}

/** Returns the output of a command that needs no AWS account. */
async function runCommand(...argv: readonly string[]): Promise<string> {
  await using at = await stage();
  const { code, out } = await at.run(...argv);
  expect(code).toBe(0);
  return asBlock(out);
}

/** `fyers ssm list [options]` is named `ssm list` in the page. */
const COMMANDS = Object.keys(contract.commands)
  .map((usage) => usage.replace(/^fyers ?/, '').replace(/ ?[[<].*$/, ''))
  .filter((name) => name !== '');

async function readHelps(): Promise<Readonly<Record<string, string>>> {
  const helps: [string, string][] = [];
  for (const name of COMMANDS) {
    helps.push([name, await runCommand(...name.split(' '), '--help')]);
  }
  return Object.fromEntries(helps);
}

/** Compares a page after filling its places; `--update` writes it. */
async function expectPage(name: string, parts: Readonly<Record<string, string>>): Promise<void> {
  const file = path.join(ROOT, 'docs', name);
  const filled = Object.entries(parts).reduce(
    (page, [place, content]) => fillPlace(page, place, content),
    readFileSync(file, 'utf8'),
  );
  const options = await resolveConfig(file);
  const current = await format(filled, { ...options, filepath: file });
  await expect(current).toMatchFileSnapshot(file);
}

describe('A page matches the code (`npm run docs` writes it):', () => {
  test('the permissions in security.md', async () => {
    await expectPage('security.md', {
      parameters: parameterTable(),
      permissions: permissionList(),
    });
  });

  test('the costs in cost.md', async () => {
    await expectPage('cost.md', { cost: await costs() });
  });

  test('the columns and marks in data.md', async () => {
    await expectPage('data.md', { columns: columnsTable(), marks: marksList() });
  });

  test('the configuration keys in configuration.md', async () => {
    await expectPage('configuration.md', { keys: keysSection() });
  });

  test('the comments of Pulumi.dev.yaml', async () => {
    const file = path.join(ROOT, 'Pulumi.dev.yaml');
    await expect(fillKeyComments(readFileSync(file, 'utf8'))).toMatchFileSnapshot(file);
  });

  test('the phases of a day in calendar.md', async () => {
    await expectPage('calendar.md', { calendar: await runCommand('calendar', '2026-12-07') });
  });

  test('the commands in commands.md', async () => {
    const helps = await readHelps();
    const parts = Object.entries(helps).map(([name, help]) => [`help of ${name}`, help] as const);
    await expectPage('commands.md', {
      commands: commandsList(helps),
      ...Object.fromEntries(parts),
    });
  });
});

describe('fillPlace', () => {
  test('replaces the text between the comments of a place', () => {
    const page = 'a\n<!-- x: `npm run docs` -->\n\nold\n\n<!-- end of x -->\nb';
    expect(fillPlace(page, 'x', 'new')).toBe(page.replace('old', 'new'));
  });

  test('throws if the page does not have the place', () => {
    expect(() => fillPlace('a', 'x', 'new')).toThrow(/no place for x/);
  });
});

describe('The text of a key', () => {
  test('is the comment above its row, on one line', () => {
    expect(keyTexts().get('email')).toBe(
      'Where login links and alarms go. AWS sends a link that you must confirm.',
    );
    expect(keyTexts().get('deleteData')).toMatch(/recorded\. Takes .* Default: false\.$/);
  });

  test('may not be missing', () => {
    const table = readFileSync(path.join(ROOT, 'core/config/keys.ts'), 'utf8');
    expect(() => keyTexts(table.replace(/ {2}\/\*\* Where login links and .*\n/, ''))).toThrow(
      'no comment above email',
    );
  });

  test.each(KEY_NAMES.filter((key) => typeof rowOf(key).default === 'boolean'))(
    'names the default of %s',
    (key) => {
      expect(keyTexts().get(key)).toContain(`Default: ${String(rowOf(key).default)}`);
    },
  );
});
