// Measures the harvester's process through a day of five symbols, compared with a bare Node with
// the same clients that requests the same books.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { REFERENCE_SYMBOLS } from '../core/config/names.ts';
import { type Instant, formatIso, istDate, istInstant } from '../core/time.ts';
import { startFyers } from '../sandbox/fyers/server.ts';
import { type SimulatedApp, mintToken } from '../sandbox/fyers/tokens.ts';
import { PEAK_KIB } from './child.ts';
import type { Measure } from './measure.ts';

const DATE = istDate('2026-01-05');
const [OPENS, CLOSES] = ['09:00', '16:00'].map((time) => istInstant(DATE, time)) as [
  Instant,
  Instant,
];
/** Five-second slots of five symbols. */
const SNAPSHOTS = 5 * 5_040;
const ROOT = path.join(import.meta.dirname, '..');
const REPORT = `process.on("exit",()=>process._rawDebug("USED",JSON.stringify({...process.resourceUsage(),maxRSS:${PEAK_KIB}})))`;
const APP: SimulatedApp = {
  id: 'BENCHMARK1-100',
  secret: 'SECRETKEY1',
  pin: '4826',
  fyId: 'XA00001',
  redirectUri: 'https://login.example/',
};

interface Used {
  readonly peakMiB: number;
  /** Processor time for each snapshot. */
  readonly microseconds: number;
}

/** @param dir folder for the recorded day */
export async function collectorMeasures(dir: string): Promise<readonly Measure[]> {
  const fyers = await startFyers({
    seed: 'bench',
    apps: [APP],
    refresh: 'refused',
    startsAt: OPENS,
  });
  try {
    fyers.setClock(OPENS);
    const token = mintToken('bench', APP, 'access_token', istInstant(DATE, '07:00'));
    const symbols = REFERENCE_SYMBOLS.join(',');
    const folder = await mkdtemp(path.join(dir, 'collector-'));
    await writeFile(path.join(folder, '.env'), `FYERS_CLIENT_ID=${APP.id}\n`);
    await writeFile(path.join(folder, 'access_token.txt'), token, { mode: 0o600 });
    const bare = await runAndMeasure(
      ['bench/bare-child.ts', fyers.url, fyers.controlUrl, formatIso(OPENS)].concat([
        `${APP.id}:${token}`,
        symbols,
        formatIso(CLOSES),
      ]),
      {},
    );
    const ours = await runAndMeasure(
      [
        'sandbox/steps/harvester-child.ts',
        path.join(ROOT, 'harvester', 'main.ts'),
        fyers.controlUrl,
      ].concat(
        [
          formatIso(istInstant(DATE, '08:58')),
          '--tokens',
          folder,
          '--data',
          path.join(folder, 'data'),
        ],
        ['--symbols', symbols, '--every', '5s', '--days', '1'],
      ),
      { FYERS_API_URL: fyers.url },
    );
    return [
      {
        what: 'collector, compared with a bare Node with its clients: peak memory',
        unit: 'MiB',
        ours: ours.peakMiB,
        baseline: bare.peakMiB,
        aim: { ratioAtMost: 1.5 },
      },
      {
        what: '… processor time for each snapshot',
        unit: 'µs',
        ours: ours.microseconds,
        baseline: bare.microseconds,
        aim: null,
      },
    ];
  } finally {
    await fyers.close();
  }
}

/** @throws Error if the process fails */
async function runAndMeasure(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Used> {
  const flags = ['--max-semi-space-size=4', '--import', `data:text/javascript,${REPORT}`];
  const child = spawn(process.execPath, [...flags, ...args], {
    cwd: ROOT,
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errorOutput = '';
  child.stderr.setEncoding('utf8').on('data', (piece: string) => (errorOutput += piece));
  const [code] = (await once(child, 'close')) as [number | null];
  const report = /USED (.*)/.exec(errorOutput)?.[1];
  if (code !== 0 || report === undefined) throw new Error(`${args.join(' ')}: ${errorOutput}`);
  const { maxRSS, userCPUTime, systemCPUTime } = JSON.parse(report) as Record<string, number>;
  return {
    peakMiB: Math.round((maxRSS ?? NaN) / 1_024),
    microseconds: Math.round(((userCPUTime ?? NaN) + (systemCPUTime ?? NaN)) / SNAPSHOTS),
  };
}
