// Runs a stack twice on the real engine with different secrets, and checks that the outputs are equal and have no secret.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { leaksOf } from '../support/canaries.ts';
import { type Life, liveOnEngine, type Secrets, type Written } from './engine-outputs.ts';
import { ENGINE_DIFFERENCES, maskEngineDifferences } from './engine-differences.ts';
import { onEngine } from './on-engine.ts';

const ONE: Secrets = {
  pin: '4826',
  newPin: '6248',
  malformedPin: '48261',
  appSecret: 'CANARYSECRET',
  newAppSecret: 'CANARYSECRAT',
  seed: 'one',
};
const OTHER: Secrets = {
  pin: '9173',
  newPin: '7391',
  malformedPin: '91731',
  appSecret: 'QUITEANOTHER',
  newAppSecret: 'QUITEANATHER',
  seed: 'other',
};

const SEARCHED: readonly (keyof Written)[] = [
  'events',
  'shown',
  'failures',
  'outputs',
  'history',
  'exported',
  'settings',
  'backend',
  'backups',
];
const COMPARED = SEARCHED.filter((kind) => kind !== 'backups');

onEngine('two runs with different secrets', () => {
  let one: Life;
  let other: Life;

  beforeAll(async () => {
    [one, other] = await Promise.all([life(ONE), life(OTHER)]);
  }, 600_000);

  test.for(COMPARED)('have equal %s', (kind) => {
    expect(one.written[kind].join('').length).toBeGreaterThan(0);
    expect(other.written[kind]).toHaveLength(one.written[kind].length);
    for (const [index, text] of one.written[kind].entries()) {
      expect(only(other.written[kind][index] ?? '', text)).toEqual([]);
      expect(only(text, other.written[kind][index] ?? '')).toEqual([]);
    }
  });

  test.for(SEARCHED)('have no app secret, token or PIN in their %s', (kind) => {
    for (const [secrets, { written, tokens }] of [[ONE, one] as const, [OTHER, other] as const]) {
      const { pin, newPin, malformedPin, appSecret, newAppSecret } = secrets;
      const named = tokens.map((token, index) => [`token ${String(index)}`, token] as const);
      const all = { appSecret, newAppSecret, ...Object.fromEntries(named) };
      expect(written[kind].length).toBeGreaterThan(0);
      const text = maskEngineDifferences(written[kind].join('\n'));
      expect(leaksOf(text, all)).toEqual([]);
      // Many longer numbers contain four digits; as a word of their own they are the PIN.
      const words = text.split(/[^\w.:+/=-]+/).filter((word) => word.length < 14);
      for (const digits of [pin, newPin, malformedPin]) {
        const forms = new Set([digits, ...['base64', 'hex'].map((form) => encoded(digits, form))]);
        expect(words.filter((word) => forms.has(word))).toEqual([]);
      }
    }
  });

  test.for(ENGINE_DIFFERENCES)('have the expected difference: $reason', ({ pattern }) => {
    const flags = pattern.flags.replace('g', '');
    const needed = SEARCHED.flatMap((kind) => one.written[kind]).some((text) =>
      new RegExp(pattern.source, flags).test(text),
    );
    expect(needed).toBe(true);
  });

  test('fail if the store or the program refuses a value, and name the reason', () => {
    const [refused, malformed] = one.written.failures;
    expect(refused).toContain("You can't do that now.");
    expect(malformed).toContain('pin in the Pulumi configuration must be exactly four digits');
  });
});

async function life(secrets: Secrets): Promise<Life> {
  const dir = await mkdtemp(path.join(tmpdir(), 'fyers-life-'));
  try {
    return await liveOnEngine(secrets, dir);
  } finally {
    await rm(dir, { recursive: true });
  }
}

/**
 * What the first has and the second has not. In pieces, as the engine works on several resources at once and writes them
 * in the order in which they were done.
 */
function only(text: string, than: string): readonly string[] {
  const left = new Map<string, number>();
  for (const piece of piecesOf(than)) left.set(piece, (left.get(piece) ?? 0) + 1);
  return piecesOf(text).filter((piece) => {
    const count = left.get(piece) ?? 0;
    left.set(piece, count - 1);
    return count <= 0;
  });
}

function piecesOf(text: string): readonly string[] {
  return (
    maskEngineDifferences(text)
      .split(/[\n,{}[\]]+/)
      .map((piece) => piece.trim())
      // The engine prints its dots by the time that passes.
      .filter((piece) => !/^@ [a-z ]+\.*$/.test(piece))
  );
}

function encoded(text: string, form: string): string {
  return Buffer.from(text).toString(form === 'hex' ? 'hex' : 'base64');
}
