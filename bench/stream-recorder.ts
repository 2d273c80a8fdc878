// Measures the harvester's own process while it records 15 TBT symbols from sockets on this machine. Its memory and its
// share of a core are measured at the rate of a busy day. The processor time of a message, from the socket to the disk,
// is measured at a higher rate: at a low one the process wakes up for nearly each message, and waking up costs more
// than the message. The messages are those of `stream.ts`; everything else that the harvester requests, HSM included,
// comes from the simulator.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type WebSocket, WebSocketServer } from 'ws';
import { formatIso, istDate, istInstant, SECOND } from '../core/time.ts';
import { bundleCode } from '../infra/bundle.ts';
import { startFyers } from '../sandbox/fyers/server.ts';
import { mintToken } from '../sandbox/fyers/tokens.ts';
import type { Measure } from './measure.ts';
import { makeFrames } from './stream.ts';

const DATE = istDate('2026-11-25');
const STARTS_AT = istInstant(DATE, '10:00');
const CHILD = path.join(import.meta.dirname, 'recorder-child.ts');
const SYMBOLS = Array.from({ length: 15 }, (_, n) => `NSE:SHARE${String(n)}-EQ`);
const APP = {
  ...{ id: 'BENCHMARK1-100', secret: 'SECRETKEY1', pin: '4826', fyId: 'XA00001' },
  redirectUri: 'https://login.example/',
};
const READY_MS = 60 * SECOND;
const FRAMES = makeFrames();
/** 150 messages a second, as the largest day that the storage is designed for. */
const BUSY = { perSecond: 150, messages: 9_000 };
const FLOOD = { perSecond: 24_000, messages: 48_000 };

interface Used {
  readonly micros: number;
  readonly peakKiB: number;
}

/** @param dir folder for the recording */
export async function recorderMeasures(dir: string): Promise<readonly Measure[]> {
  const folder = await mkdtemp(path.join(dir, 'recorder-'));
  const token = mintToken('bench', APP, 'access_token', istInstant(DATE, '07:00'));
  await writeFile(path.join(folder, '.env'), `FYERS_CLIENT_ID=${APP.id}\n`);
  await writeFile(path.join(folder, 'access_token.txt'), token, { mode: 0o600 });
  const file = path.join(folder, 'harvester.mjs');
  await writeFile(file, (await bundleCode()).harvester);
  const server = await startTbt();
  const simulator = await startFyers({
    ...{ seed: 'bench', apps: [APP], refresh: 'refused', startsAt: STARTS_AT, symbols: SYMBOLS },
    tbtUrl: server.url,
  });
  const recording = ['--feed', 'tbt', '--symbols', SYMBOLS.join(), '--every', '5s', '--days', '1'];
  const place = ['--tokens', folder, '--data', path.join(folder, 'data')];
  const child = fork(CHILD, [file, formatIso(STARTS_AT), ...place, ...recording], {
    env: { PATH: process.env['PATH'], FYERS_API_URL: simulator.url },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const used = async (): Promise<Used> => {
    child.send('used');
    const [answer] = (await once(child, 'message')) as [Used];
    return answer;
  };
  try {
    await server.subscribed();
    const begun = await used();
    await server.play(BUSY);
    const before = await used();
    await server.play(FLOOD);
    const after = await used();
    const each = (after.micros - before.micros) / FLOOD.messages;
    const seconds = BUSY.messages / BUSY.perSecond;
    const percent = (before.micros - begun.micros) / seconds / 1e4;
    return [
      {
        ...{ what: 'harvester with 15 TBT symbols: peak memory', unit: 'MiB', baseline: null },
        ...{ ours: Math.round(before.peakKiB / 1_024), aim: { atMost: 150 } },
      },
      {
        ...{ what: '… share of a core', unit: '%', baseline: null },
        ...{ ours: Math.round(10 * percent) / 10, aim: null },
      },
      {
        ...{ what: '… processor time of a message, socket to disk', unit: 'µs', baseline: null },
        ...{ ours: Math.round(10 * each) / 10, aim: { atMost: 10 } },
      },
    ];
  } finally {
    child.kill('SIGKILL');
    await simulator.close();
    server.close();
  }
}

/** A TBT server that sends the messages of `FRAMES`, each to the socket that asked for its symbol. */
async function startTbt() {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const sockets = new Map<string, WebSocket>();
  server.on('connection', (socket) => {
    socket.on('message', (data: Buffer) => {
      const text = data.toString();
      if (text === 'ping') socket.send('pong');
      else for (const [symbol] of text.matchAll(/NSE:[A-Z0-9]+-EQ/g)) sockets.set(symbol, socket);
    });
  });
  let next = 0;
  return {
    url: `ws://127.0.0.1:${String(port)}`,
    /** @throws Error if a symbol is not subscribed after a minute */
    async subscribed(): Promise<void> {
      const until = performance.now() + READY_MS;
      while (sockets.size < SYMBOLS.length) {
        if (performance.now() > until) throw new Error('the harvester did not subscribe');
        await sleep(100);
      }
    },
    async play({ perSecond, messages }: typeof BUSY): Promise<void> {
      const begun = performance.now();
      for (let sent = 0; sent < messages;) {
        const due = Math.min(messages, ((performance.now() - begun) * perSecond) / SECOND);
        for (; sent < due; sent += 1, next += 1) {
          const frame = FRAMES[next];
          if (frame === undefined) throw new RangeError('there are not so many messages');
          sockets.get(SYMBOLS[next % SYMBOLS.length] ?? '')?.send(frame);
        }
        await sleep(5);
      }
      // The last messages are stored within a second.
      await sleep(2 * SECOND);
    },
    close: () => {
      server.close();
    },
  };
}
