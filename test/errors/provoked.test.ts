import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AwsOptions } from '../../cli/io.ts';
import { type Emulator, startEmulator } from '../../sandbox/aws/emulator.ts';
import { stage } from '../cli/stage.ts';
import { ROOT } from '../support/source-tree.ts';
import { PROVOCATIONS } from './provocations.ts';

/** What a person can run or open: a command in backticks, or an address. */
const RUNNABLE = /`(?:npx --no-install fyers|pulumi|aws|npm|rm|ls) [^`]+`|https:\/\/\S+/g;

let dir = '';
let emulator: Emulator;
const steps = new Map<string, string>();

beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'fyers-errors-'));
  emulator = await startEmulator({ dir, nodeModules: path.join(ROOT, 'node_modules') });
});
afterAll(async () => {
  await emulator.close();
  await rm(dir, { recursive: true });
});

describe('Every error', () => {
  test.each(Object.entries(PROVOCATIONS))(
    '%s ends with what to run or to open',
    async (code, provoke) => {
      const aws: AwsOptions = {
        endpoint: emulator.endpoint,
        region: emulator.region,
        credentials: emulator.rootCredentials,
        maxAttempts: 1,
      };
      const provoked = await provoke(aws);
      expect(provoked.code).toBe(code);
      const runnable = provoked.text.match(RUNNABLE) ?? [];
      expect(runnable, provoked.text).not.toEqual([]);
      steps.set(code, provoked.text.slice(provoked.text.lastIndexOf(runnable[0] ?? '')));
    },
  );

  test('has a step of its own, and names only commands of ours that exist', async () => {
    expect(steps.size).toBe(Object.keys(PROVOCATIONS).length);
    expect(new Set(steps.values()).size).toBe(steps.size);
    const ours = [...steps.values()].flatMap((step) =>
      [...step.matchAll(/`npx --no-install fyers ([a-z][a-z-]*)/g)].map(([, name = '']) => name),
    );
    expect(ours.length).toBeGreaterThan(5);
    for (const name of new Set(ours)) {
      await using at = await stage();
      expect(await at.run(name, '--help'), name).toMatchObject({ code: 0 });
    }
  });
});
