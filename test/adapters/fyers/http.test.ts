import { execFileSync, fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer, connect, type Socket } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { callFyers } from '../../../adapters/fyers/http.ts';
import { refusal, startDepthServer } from '../../support/depth-server.ts';
import { makeFolderPerFile } from '../../support/temporary-folder.ts';

/** Listens with a backlog of one and accepts nothing, so that further connections stay half open. */
const UNACCEPTING_SERVER = `
import { createServer } from 'node:net';
const server = createServer().listen({ host: '127.0.0.1', port: 0, backlog: 1 }, () => {
  process.send(server.address().port, () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
});
`;

const folder = makeFolderPerFile();
let unacceptingServer: ChildProcess;
let port = 0;
const fillers: Socket[] = [];

beforeAll(async () => {
  const file = path.join(folder.path, 'unaccepting-server.mjs');
  await writeFile(file, UNACCEPTING_SERVER);
  unacceptingServer = fork(file);
  [port] = (await once(unacceptingServer, 'message')) as [number];
  for (let n = 0; n < 4; n += 1)
    fillers.push(connect(port, '127.0.0.1').on('error', () => undefined));
  await once(fillers[0] ?? unacceptingServer, 'connect');
});
afterAll(() => {
  for (const filler of fillers) filler.destroy();
  unacceptingServer.kill('SIGKILL');
});

const REQUEST = { method: 'GET', timeoutMs: 500, signal: new AbortController().signal } as const;

test('callFyers returns unreachable if the connection is never accepted', async () => {
  expect(await callFyers({ ...REQUEST, url: `http://127.0.0.1:${String(port)}/` })).toEqual({
    kind: 'unreachable',
    problem: `127.0.0.1:${String(port)} did not answer in time.`,
  });
});

/** Runs until the end of the test. @returns host and port */
async function serveSockets(onData: (socket: Socket) => void): Promise<string> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.once('data', () => {
      onData(socket);
    });
  }).listen(0, '127.0.0.1');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await once(server, 'listening');
  return `127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}

test('callFyers returns silent if a request is accepted and never answered', async () => {
  const host = await serveSockets(() => undefined);
  expect(await callFyers({ ...REQUEST, url: `http://${host}/` })).toEqual({
    kind: 'silent',
    problem: `${host} did not answer in time.`,
  });
});

test.each([
  [{ 'x-retry-after-ms': '1500', 'retry-after': '9' }, 1_500],
  [{ 'x-retry-after-ms': 'soon', 'retry-after': '9' }, 9_000],
  [{ 'retry-after': '0' }, 0],
  [{ 'retry-after': '86401' }, 86_400_000],
  [{ 'x-retry-after-ms': '1e16' }, 86_400_000],
  [{ 'x-retry-after-ms': '1e999' }, 86_400_000],
  [{ 'x-retry-after-ms': '-1' }, null],
  [
    { 'retry-after': 'Wed, 25 Nov 2026 09:00:30 GMT', date: 'Wed, 25 Nov 2026 09:00:00 GMT' },
    30_000,
  ],
  [{ 'retry-after': 'Wed, 25 Nov 2026 09:00:00 GMT', date: 'Wed, 25 Nov 2026 09:00:30 GMT' }, null],
  [{ 'retry-after': 'Wed, 25 Nov 2026 at nine' }, null],
  [{ 'retry-after': '' }, null],
  [{}, null],
])(
  'callFyers reads the headers %j as a wait of %j ms, at most a day',
  async (headers, retryAfterMs) => {
    await using server = await startDepthServer(() => refusal(429, -429, headers));
    expect(await callFyers({ ...REQUEST, url: `${server.url}/data/depth` })).toMatchObject({
      status: 429,
      retryAfterMs,
    });
  },
);

describe('callFyers over TLS', () => {
  test('sends nothing to a server with an untrusted certificate, and names the problem', async () => {
    const seen: string[] = [];
    await using server = await startTls((_request, response) => {
      seen.push('request');
      response.end('{}');
    });
    const reply = await callFyers({
      ...REQUEST,
      method: 'POST',
      json: { pin: '1234' },
      url: server.url,
    });
    expect(reply).toEqual({
      kind: 'unreachable',
      problem: expect.stringMatching(/certificate .* \(DEPTH_ZERO_SELF_SIGNED_CERT\)/) as unknown,
    });
    expect(seen).toEqual([]);
  });

  test.each(['closes', 'resets', 'answers without TLS'] as const)(
    'returns unreachable for a server that %s in the handshake',
    async (how) => {
      const host = await serveSockets((socket) => {
        if (how === 'closes') socket.end();
        else if (how === 'resets') socket.resetAndDestroy();
        else socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
      });
      const call = { ...REQUEST, method: 'POST', json: {}, url: `https://${host}/` } as const;
      expect(await callFyers(call)).toMatchObject({ kind: 'unreachable' });
    },
  );
});

test.each([
  ['after the request', ''],
  ['in the middle of the answer', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"s":"o'],
])('callFyers returns silent if the connection is reset %s', async (_when, answer) => {
  const host = await serveSockets((socket) => {
    socket.write(answer, () => socket.resetAndDestroy());
  });
  const call = { ...REQUEST, method: 'POST', json: {}, url: `http://${host}/` } as const;
  expect(await callFyers(call)).toMatchObject({ kind: 'silent' });
});

/** Starts a server with a self-signed certificate. */
async function startTls(listener: RequestListener) {
  const [key, cert] = ['key.pem', 'cert.pem'].map((name) => path.join(folder.path, name));
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
      ...['-keyout', key ?? '', '-out', cert ?? '', '-days', '2', '-subj', '/CN=127.0.0.1'],
    ],
    { stdio: 'ignore' },
  );
  const server = createTlsServer(
    { key: await readFile(key ?? ''), cert: await readFile(cert ?? '') },
    listener,
  ).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port: to } = server.address() as AddressInfo;
  return {
    url: `https://127.0.0.1:${String(to)}/`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
