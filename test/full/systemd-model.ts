// As much of systemd as the harvester's unit is brought up, kept up and ended by: its directives are read from the unit as
// written. What shuts the service in (system calls, devices, memory) is not modelled; that it runs without any right is.
import { EventEmitter, on, once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { type PrivateRoot, SYSTEM_PATH } from './private-root.ts';

/** The first that systemd gives with DynamicUser=. */
export const DYNAMIC_USER = 61_184;
const UNPRIVILEGED = [
  ...['--reuid', String(DYNAMIC_USER), '--regid', String(DYNAMIC_USER), '--clear-groups'],
  ...['--no-new-privs', '--bounding-set=-all', '--inh-caps=-all'],
];

type Environment = Readonly<Record<string, string>>;

export interface Service extends AsyncDisposable {
  start(): void;
  /** The exit code of what ran: null where it did not end by itself. */
  stop(): Promise<number | null>;
  /** Process id of ExecStart; null while it does not run. */
  pid(): number | null;
  /** Waits until what was said since the service was made holds `words` so many times. */
  said(words: string, times?: number): Promise<void>;
  readonly output: () => string;
  /** In seconds, each wait before another start. */
  readonly waits: readonly number[];
}

interface Unit {
  readonly root: PrivateRoot;
  readonly all: (directive: string) => readonly string[];
  readonly env: Environment;
}

/** @param manager what the manager's own configuration adds to every service (DefaultEnvironment=) */
async function unitOf(root: PrivateRoot, name: string, manager: Environment): Promise<Unit> {
  const text = (await root.run(['cat', `/etc/systemd/system/${name}`])).stdout;
  const all = (directive: string) =>
    [...text.matchAll(new RegExp(`^${directive}=(.*)$`, 'gm'))].map(([, value = '']) => value);
  const files = await Promise.all(
    all('EnvironmentFile').map(async (file) => (await root.run(['cat', file])).stdout),
  );
  const lines = files.join('\n').split('\n');
  const given = lines.flatMap((line) => {
    const [, key, value] = /^(\w+)=(.*)$/.exec(line) ?? [];
    return key === undefined || value === undefined ? [] : [[key, value] as const];
  });
  return { root, all, env: { PATH: SYSTEM_PATH, ...manager, ...Object.fromEntries(given) } };
}

/** Type=oneshot, to its end. @throws Error where a command fails, with its words */
export async function runOneShot(root: PrivateRoot, name: string, manager: Environment) {
  const unit = await unitOf(root, name, manager);
  if (unit.all('Type')[0] !== 'oneshot') throw new Error(`${name} is no one-shot service`);
  for (const command of unit.all('ExecStart')) {
    const { code, stderr } = await root.run(command.split(' '), unit.env);
    if (code !== 0) throw new Error(`${command} ended with ${String(code)}: ${stderr}`);
  }
}

export async function serviceOf(
  root: PrivateRoot,
  name: string,
  manager: Environment,
): Promise<Service> {
  const unit = await unitOf(root, name, manager);
  const restartSeconds = Number(unit.all('RestartSec')[0]);
  const isRestarted = unit.all('Restart')[0] === 'always';
  const news = new EventEmitter();
  const waits: number[] = [];
  let output = '';
  let main: ReturnType<PrivateRoot['spawn']> | null = null;
  let stopping = new AbortController();
  let life: Promise<number | null> = Promise.resolve(null);

  const hear = (piece: Buffer | string): void => {
    output += String(piece);
    news.emit('said');
  };
  const prepared = async (): Promise<boolean> => {
    await makeStateFolder(unit);
    for (const line of unit.all('ExecStartPre')) {
      const { code, stdout, stderr } = await root.run(commandOf(line), unit.env);
      hear(stdout + stderr);
      if (code !== 0) return false;
    }
    return true;
  };
  const live = async ({ signal }: AbortController): Promise<number | null> => {
    for (;;) {
      if (await prepared()) {
        main = root.spawn(commandOf(unit.all('ExecStart')[0] ?? ''), unit.env);
        for (const stream of [main.stdout, main.stderr]) stream.on('data', hear);
        const ended = main;
        await once(ended, 'close');
        main = null;
        if (signal.aborted) return ended.exitCode;
      }
      if (signal.aborted || !isRestarted) return null;
      waits.push(restartSeconds);
      const waited = sleep(restartSeconds * 1_000, true, { signal });
      if (!(await waited.catch(() => false))) return null;
    }
  };
  const stop = async (): Promise<number | null> => {
    stopping.abort();
    main?.kill('SIGTERM');
    return await life;
  };
  return {
    start() {
      stopping = new AbortController();
      life = live(stopping);
    },
    stop,
    pid: () => main?.pid ?? null,
    async said(words, times = 1) {
      const heard = () => output.split(words).length > times;
      const pieces = on(news, 'said');
      while (!heard()) await pieces.next();
      await pieces.return?.();
    },
    output: () => output,
    waits,
    async [Symbol.asyncDispose]() {
      await stop();
    },
  };
}

/** A plus: with all rights; otherwise with those of DynamicUser=. */
function commandOf(line: string): readonly string[] {
  return line.startsWith('+')
    ? line.slice(1).split(' ')
    : ['setpriv', ...UNPRIVILEGED, ...line.split(' ')];
}

async function makeStateFolder({ root, all }: Unit): Promise<void> {
  const [name = ''] = all('StateDirectory');
  const [mode = ''] = all('StateDirectoryMode');
  const owner = String(DYNAMIC_USER);
  const made = ['install', '--directory', '--mode', mode, '--owner', owner, '--group', owner];
  await root.run([...made, `/var/lib/${name}`]);
}
