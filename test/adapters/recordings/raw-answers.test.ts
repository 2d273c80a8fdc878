import { readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { rawLog } from '../../../adapters/recordings/raw-answers.ts';
import { restDepth } from '../../../adapters/fyers/depth-feed.ts';
import { parseAccessToken } from '../../../core/config/values.ts';
import { OPENS_AT, shortSession } from '../../support/depth.ts';
import { depthOf, refusal, startDepthServer } from '../../support/depth-server.ts';
import { operatorToken } from '../../support/operator-token.ts';
import { APP, SYMBOLS, memoryStrikes, must } from '../../support/rest-feed.ts';
import { makeFolderPerTest } from '../../support/temporary-folder.ts';
import { virtualClock } from '../../support/virtual-clock.ts';

const dataDir = makeFolderPerTest();

const TOKEN = must(parseAccessToken(operatorToken('access_token', '2026-11-25T07:00:00+05:30')));

async function recordAnswers() {
  const problems: string[] = [];
  await using server = await startDepthServer(({ symbol, nth }) =>
    nth === 1 ? refusal(503, -99) : depthOf(symbol),
  );
  await using raw = rawLog(dataDir.path, (problem) => void problems.push(problem));
  await using feed = restDepth({
    apiUrl: server.url,
    appId: () => APP,
    sampling: { symbols: SYMBOLS.slice(0, 1), everySeconds: 5 },
    clock: virtualClock(OPENS_AT),
    strikes: memoryStrikes(),
    onAnswer: (answer) => {
      raw.keep(answer);
    },
  });
  let slots = 0;
  const { signal } = new AbortController();
  for await (const _ of feed.observe(shortSession(), () => TOKEN, signal)) slots += 1;
  return { slots, problems };
}

test('The raw log has every answer unchanged, refusals too, in a file for each start, and no token', async () => {
  expect(await recordAnswers()).toEqual({ slots: 12, problems: [] });
  expect(await recordAnswers()).toEqual({ slots: 12, problems: [] });
  const folder = path.join(dataDir.path, 'days', '2026-11-25');
  expect((await readdir(folder)).sort()).toEqual(['raw-0.jsonl.gz', 'raw-1.jsonl.gz']);
  const text = gunzipSync(await readFile(path.join(folder, 'raw-0.jsonl.gz'))).toString();
  const lines = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(lines).toHaveLength(12);
  expect(lines[0]).toMatchObject({
    symbol: 'NSE:SBIN-EQ',
    slot: '2026-11-25T09:00:00.000+05:30',
    status: 200,
    body: { s: 'ok', d: { 'NSE:SBIN-EQ': { ltp: 427.25 } } },
  });
  expect(lines[1]).toMatchObject({ status: 503, body: { s: 'error', code: -99 } });
  expect(text).not.toContain(TOKEN.slice(0, 20));
});

test('The raw log reports a failing disk once, and the feed loses no slot', async () => {
  await writeFile(path.join(dataDir.path, 'days'), 'a file where the folder should be');
  const { slots, problems } = await recordAnswers();
  expect(slots).toBe(12);
  expect(problems).toHaveLength(1);
});
