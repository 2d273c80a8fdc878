// Bundles the deployed code: the three functions by one esbuild call that shares nothing between runs, and the
// harvester as one file. The same sources give the same bytes in every checkout, so an unchanged project deploys
// nothing.
//
// esbuild takes longer than the rest of the program, so each result is cached under node_modules/.cache with the
// digest of every input file. A cached result is used only if all of these files, the lock file and the options are
// unchanged.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { RunError } from '@pulumi/pulumi';
import { toError } from '../core/errors.ts';
import type { FunctionActor } from '../core/config/names.ts';

const ROOT = path.join(import.meta.dirname, '..');
const CACHE = path.join(ROOT, 'node_modules', '.cache', 'fyers', 'bundles');

/** Packages written for CommonJS call `require`, which ES modules do not define. */
const REQUIRE =
  "import{createRequire as fyersRequire}from'node:module';const require=fyersRequire(import.meta.url);";

/**
 * Credential providers for outside Lambda. The SDK imports them only if the environment has no credentials, and
 * Lambda's always has. If they are imported anyway, the SDK in Lambda's Node runtimes provides them.
 */
const CREDENTIALS_OUTSIDE_LAMBDA = [
  '@aws-sdk/credential-provider-ini',
  '@aws-sdk/credential-provider-process',
  '@aws-sdk/credential-provider-sso',
  '@aws-sdk/credential-provider-web-identity',
  '@smithy/credential-provider-imds',
];

export interface BundleOptions {
  /** Output name without `.mjs`, and its entry: relative to the project folder, or absolute. */
  readonly entries: Readonly<Record<string, string>>;
  /** Packages that are not bundled. */
  readonly external: readonly string[];
  /** True: modules imported by `import()` become separate files that are loaded on demand. */
  readonly isSplit: boolean;
}

/** Text by file name. */
export type Files = Readonly<Record<string, string>>;

export interface Code {
  /** A function's handler is `handler` of the file with the function's name. */
  readonly functions: Readonly<Record<FunctionActor, Files>>;
  /** Runs on plain Node. */
  readonly harvester: string;
}

const FUNCTIONS: BundleOptions = {
  entries: {
    refresh: 'functions/refresh/handler.ts',
    login: 'functions/login/handler.ts',
    watch: 'functions/watch/handler.ts',
  },
  external: CREDENTIALS_OUTSIDE_LAMBDA,
  isSplit: true,
};
const HARVESTER: BundleOptions = {
  entries: { harvester: 'harvester/main.ts' },
  external: [],
  isSplit: false,
};

/** @throws RunError with the place of the first error in the sources */
export async function bundleCode(cacheFolder = CACHE): Promise<Code> {
  const [functions, harvester] = await Promise.all([
    bundleCached(FUNCTIONS, cacheFolder),
    bundleCached(HARVESTER, cacheFolder),
  ]);
  return {
    functions: {
      refresh: selectFiles(functions, 'refresh.mjs'),
      login: selectFiles(functions, 'login.mjs'),
      watch: selectFiles(functions, 'watch.mjs'),
    },
    harvester: harvester.files['harvester.mjs'] ?? '',
  };
}

export interface Bundle {
  readonly files: Files;
  /** By output: the other outputs that it imports, statically or dynamically. */
  readonly imports: Readonly<Record<string, readonly string[]>>;
  /** Digest of each source, by its path relative to the project folder. */
  readonly sources: Readonly<Record<string, string>>;
}

/** Returns the file and all its imports. */
function selectFiles({ files, imports }: Bundle, entry: string): Files {
  const wanted = new Set<string>([entry]);
  for (const file of wanted) for (const target of imports[file] ?? []) wanted.add(target);
  return Object.fromEntries(
    [...wanted].toSorted().map((file) => [file, files[file] ?? ''] as const),
  );
}

async function bundleCached(options: BundleOptions, folder: string): Promise<Bundle> {
  const key = digestOf(JSON.stringify(options) + digestOfFile('package-lock.json')).slice(0, 16);
  const file = path.join(folder, `bundle-${key}.json`);
  const cached = readCache(file);
  if (cached !== null && isCurrent(cached)) return cached;
  const made = await bundle(options);
  writeCache(file, made);
  return made;
}

/** Returns null if the cache is missing or unreadable; the bundle is then made again. */
function readCache(file: string): Bundle | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Bundle;
  } catch {
    return null;
  }
}

function isCurrent({ sources }: Bundle): boolean {
  return Object.entries(sources).every(([file, digest]) => digestOfFile(file) === digest);
}

/**
 * Writes to a temporary file first, so that the cache is complete or unchanged. Without a cache (a read-only project,
 * a full disk) the next run bundles again.
 */
function writeCache(file: string, made: Bundle): void {
  const unfinished = `${file}.${String(process.pid)}`;
  try {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(unfinished, JSON.stringify(made));
    renameSync(unfinished, file);
  } catch {
    // Without a cache the next run only takes longer.
  }
}

/** @throws RunError with the place of the first error in the sources */
export async function bundle({ entries, external, isSplit }: BundleOptions): Promise<Bundle> {
  try {
    // Imported here because a cached bundle does not need it.
    const { build } = await import('esbuild');
    const { outputFiles, metafile } = await build({
      // Output paths are relative to this folder, so every checkout gives the same bytes.
      absWorkingDir: ROOT,
      entryPoints: { ...entries },
      external: [...external],
      bundle: true,
      minify: true,
      format: 'esm',
      splitting: isSplit,
      platform: 'node',
      // Prefer a package's ES module, because unused exports of a module can be left out.
      mainFields: ['module', 'main'],
      target: 'node24',
      banner: { js: REQUIRE },
      legalComments: 'none',
      logLevel: 'silent',
      metafile: true,
      write: false,
      outdir: 'out',
      outExtension: { '.js': '.mjs' },
    });
    const outputs = Object.entries(metafile.outputs);
    return {
      files: Object.fromEntries(outputFiles.map((file) => [path.basename(file.path), file.text])),
      imports: Object.fromEntries(
        outputs.map(([file, { imports }]) => [
          path.basename(file),
          imports.filter((each) => each.external !== true).map((each) => path.basename(each.path)),
        ]),
      ),
      sources: Object.fromEntries(
        Object.keys(metafile.inputs).map((file) => [file, digestOfFile(file)]),
      ),
    };
  } catch (caught) {
    const names = Object.values(entries).join(', ');
    throw new RunError(
      `${names} cannot be bundled: ${toError(caught).message} Run \`npm ci\`, then \`npm run check\`.`,
    );
  }
}

/** @param file relative to the project folder; a missing file has a digest of its own */
function digestOfFile(file: string): string {
  try {
    return digestOf(readFileSync(path.resolve(ROOT, file)));
  } catch {
    return 'absent';
  }
}

function digestOf(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}
