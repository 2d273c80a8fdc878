// Runs one command in a temporary folder with a virtual clock, and collects everything that it
// prints.
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import type { AwsOptions, Environment, Io, Person } from '../../cli/shared/io.ts';
import { main } from '../../cli/program.ts';
import { linesTo } from '../../cli/shared/terminal.ts';
import type { Clock } from '../../core/ports.ts';
import { type Instant, instant } from '../../core/time.ts';
import { type PulumiStub, pulumiStub } from '../support/pulumi-stub.ts';
import { virtualClock } from '../support/virtual-clock.ts';
import { NOON } from '../sandbox/fyers/simulator.ts';
import { awsStub } from './aws-stub.ts';

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** Output lines in order; progress texts are in brackets. */
  readonly screen: readonly string[];
}

export interface Stage extends AsyncDisposable {
  readonly folder: string;
  /** The folder of recorded days, which the commands read by default. */
  readonly dataDir: string;
  write(name: string, content: string): void;
  run(...argv: readonly string[]): Promise<Ran>;
}

export interface StageOptions {
  readonly now?: Instant;
  readonly env?: Environment;
  readonly colour?: boolean;
  readonly columns?: number;
  /** Shows progress, as an interactive terminal does. */
  readonly watched?: true;
  /** The content of Parameter Store; with `denied`, `unreachable` or `broken` each read fails. */
  readonly parameters?: Readonly<Record<string, string>> | 'denied' | 'unreachable' | 'broken';
  /** Replaces that store, for example with the emulator. */
  readonly aws?: AwsOptions;
  /** No person by default: the terminal is not interactive. */
  readonly person?: Person;
  readonly piped?: string;
  /** Opens a page in the person's browser. */
  readonly open?: (url: string) => Promise<void>;
  /** Replaces the virtual clock, which jumps instead of waiting. */
  readonly clock?: Clock;
}

export async function stage(options: StageOptions = {}): Promise<Stage> {
  const folder = mkdtempSync(path.join(tmpdir(), 'fyers-cli-'));
  const { parameters = {} } = options;
  const store = await awsStub(typeof parameters === 'string' ? {} : parameters);
  store.isDenied = parameters === 'denied';
  if (parameters === 'unreachable') await store[Symbol.asyncDispose]();
  const io = (out: string[], err: string[], screen: string[]): Io => ({
    ...linesTo({
      colour: options.colour ?? false,
      out: (text) => screen.push(out[out.push(text.slice(0, -1)) - 1] ?? ''),
      err: (text) => screen.push(err[err.push(text.slice(0, -1)) - 1] ?? ''),
      rewrite: options.watched === true ? (text) => screen.push(`[${text}]`) : null,
    }),
    colour: options.colour ?? false,
    columns: options.columns ?? null,
    cwd: folder,
    env: options.env ?? {},
    clock: options.clock ?? virtualClock(options.now ?? instant(NOON)),
    get aws() {
      if (parameters === 'broken') throw new TypeError('no client was made');
      return options.aws ?? store.options;
    },
    person: options.person ?? null,
    piped: () => Promise.resolve(options.piped ?? ''),
    open: options.open ?? (() => Promise.resolve()),
  });
  return {
    folder,
    dataDir: path.join(folder, 'harvested_data'),
    write(name, content) {
      writeFileSync(path.join(folder, name), content, { mode: 0o600 });
    },
    async run(...argv) {
      const out: string[] = [];
      const err: string[] = [];
      const screen: string[] = [];
      const code = await main(argv, io(out, err, screen));
      return { code, out: out.join('\n'), err: err.join('\n'), screen };
    },
    async [Symbol.asyncDispose]() {
      rmSync(folder, { recursive: true });
      await store[Symbol.asyncDispose]();
    },
  };
}

/** The stage of the test that runs. */
interface StagePerTest extends Omit<Stage, typeof Symbol.asyncDispose> {
  /** Replaces it by another stage. */
  reopen(options: StageOptions): Promise<void>;
}

/** Opens a stage for each test of the file. */
export function openStagePerTest(options: () => StageOptions = () => ({})): StagePerTest {
  let opened: Stage;
  beforeEach(async () => {
    opened = await stage(options());
  });
  afterEach(() => opened[Symbol.asyncDispose]());
  return {
    get folder() {
      return opened.folder;
    },
    get dataDir() {
      return opened.dataDir;
    },
    write: (name, content) => {
      opened.write(name, content);
    },
    run: (...argv) => opened.run(...argv),
    async reopen(other) {
      await opened[Symbol.asyncDispose]();
      opened = await stage(other);
    },
  };
}

export interface PulumiStage extends Stage {
  readonly calls: PulumiStub['listCalls'];
}

/**
 * Opens a stage whose PATH has Node and a stub of Pulumi, and nothing else.
 *
 * @param fails the argument at which the stub fails, a colon, and the error message
 */
export async function stageWithPulumi(
  fails = '',
  isInstalled = true,
  options: StageOptions = {},
): Promise<PulumiStage> {
  const env: Record<string, string | undefined> = { ...options.env };
  const made = await stage({ ...options, env });
  const bin = path.join(made.folder, 'bin');
  const pulumi = pulumiStub(bin, fails);
  if (!isInstalled) rmSync(path.join(bin, 'pulumi'));
  symlinkSync(process.execPath, path.join(bin, 'node'));
  Object.assign(env, pulumi.env);
  return { ...made, calls: pulumi.listCalls };
}
