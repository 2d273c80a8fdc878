import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, connect, type Socket } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { callFyers } from '../../../adapters/fyers/http.ts';
import { refusal, startDepthServer } from '../../support/depth-server.ts';

/** Listens with room for one connection, says where, and never takes one: the next ones stay half made. */
const DEAF = `
import { createServer } from 'node:net';
const server = createServer().listen({ host: '127.0.0.1', port: 0, backlog: 1 }, () => {
  process.send(server.address().port, () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
});
`;

let folder = '';
let deaf: ChildProcess;
let port = 0;
const fillers: Socket[] = [];

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'http-test-'));
  const file = path.join(folder, 'deaf.mjs');
  await writeFile(file, DEAF);
  deaf = fork(file);
  [port] = (await once(deaf, 'message')) as [number];
  for (let n = 0; n < 4; n += 1)
    fillers.push(connect(port, '127.0.0.1').on('error', () => undefined));
  await once(fillers[0] ?? deaf, 'connect');
});
afterAll(async () => {
  for (const filler of fillers) filler.destroy();
  deaf.kill('SIGKILL');
  await rm(folder, { recursive: true });
});

const REQUEST = { method: 'GET', timeoutMs: 500, signal: new AbortController().signal } as const;

test('A connection that is never made is an unreachable broker: nothing was sent that may count', async () => {
  expect(await callFyers({ ...REQUEST, url: `http://127.0.0.1:${String(port)}/` })).toEqual({
    kind: 'unreachable',
  });
});

test('A request that is taken and never answered is silence: it may count', async () => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const to = typeof address === 'object' ? String(address?.port) : '';
  expect(await callFyers({ ...REQUEST, url: `http://127.0.0.1:${to}/` })).toEqual({
    kind: 'silent',
  });
  for (const socket of sockets) socket.destroy();
  server.close();
});

test.each([
  [{ 'x-retry-after-ms': '1500', 'retry-after': '9' }, 1_500],
  [{ 'x-retry-after-ms': 'soon', 'retry-after': '9' }, 9_000],
  [{ 'retry-after': '0' }, 0],
  [{ 'retry-after': '86401' }, 86_400_000],
  [{ 'x-retry-after-ms': '1e16' }, 86_400_000],
  [{ 'x-retry-after-ms': '1e999' }, 86_400_000],
  [{ 'x-retry-after-ms': '-1' }, null],
  [{ 'retry-after': 'Wed, 25 Nov 2026 09:00:00 GMT' }, null],
  [{}, null],
])('%j asks to wait %j ms, a day at most', async (headers, retryAfterMs) => {
  await using server = await startDepthServer(() => refusal(429, -429, headers));
  expect(await callFyers({ ...REQUEST, url: `${server.url}/data/depth` })).toMatchObject({
    status: 429,
    retryAfterMs,
  });
});
