// Checks that the rewritten reference function follows its guide, so that the comparison of cold starts is fair.
import { mkdtemp } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { coldStage } from '../../bench/cold-stage.ts';
import { type Command, coldStart, ourCommand, referenceCommand } from '../../bench/cold-start.ts';
import { packReference } from '../../bench/reference-package.ts';
import { REFRESHED_BODY } from '../../core/config/names.ts';
import { makeFolderPerFile } from '../support/temporary-folder.ts';

const dir = makeFolderPerFile();
let commands: Readonly<Record<'ours' | 'reference', Command>>;

beforeAll(async () => {
  const reference = await referenceCommand(await packReference(dir.path), dir.path);
  commands = { ours: await ourCommand(dir.path), reference };
});

test.each(['reference', 'ours'] as const)(
  'A cold start of the %s function answers as in the guide and stores a token that Fyers accepts',
  async (side) => {
    await using stage = await coldStage(await mkdtemp(path.join(dir.path, 'stage-')));
    const start = await coldStart(stage, commands[side]);
    expect(start.answer).toEqual({ statusCode: 200, body: REFRESHED_BODY });
    const refreshes = stage.fyers
      .requests()
      .filter(({ path: asked }) => asked.endsWith('/validate-refresh-token'));
    expect(refreshes).toMatchObject([{ method: 'POST', status: 200 }]);
    const stored = await stage.store.read('FYERS_ACCESS_TOKEN');
    expect(stored).not.toBe(stage.yesterdays);
    const profile = await fetch(`${stage.fyers.url}/api/v3/profile`, {
      headers: { authorization: `BENCHMARK1-100:${stored ?? ''}` },
    });
    expect(profile.status).toBe(200);
    for (const [sooner, later] of [
      [0, start.loaded],
      [start.loaded, start.reachedAws],
      [start.reachedAws, start.answered],
    ] as const) {
      expect(later).toBeGreaterThan(sooner);
    }
  },
);

test('The reference function answers 500 and stores nothing if Fyers refuses', async () => {
  await using stage = await coldStage(await mkdtemp(path.join(dir.path, 'stage-')), 'refused');
  const { answer } = await coldStart(stage, commands.reference);
  expect(answer).toMatchObject({ statusCode: 500 });
  expect(await stage.store.read('FYERS_ACCESS_TOKEN')).toBe(stage.yesterdays);
});
