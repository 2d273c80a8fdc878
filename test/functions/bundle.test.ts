import { deflateRawSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { bundleCode } from '../../infra/bundle.ts';

/** The size that a zip adds per file: two headers and two names. */
const ZIP_BYTES_PER_FILE = 160;

test.each(['refresh', 'login', 'watch'] as const)(
  'The %s function is at most 250 KB zipped, including its SDK clients',
  async (actor) => {
    const { functions } = await bundleCode();
    const texts = Object.values(functions[actor]);
    const bytes = texts.reduce(
      (sum, text) => sum + deflateRawSync(text).length + ZIP_BYTES_PER_FILE,
      0,
    );
    expect(bytes).toBeLessThanOrEqual(250_000);
    expect(texts.join('')).not.toMatch(/from\s*"@aws-sdk/);
  },
);

test('The refresh function loads the clients of SNS and Secrets Manager only when it uses them', async () => {
  const { functions } = await bundleCode();
  const { refresh } = functions;
  const loaded = new Set(['refresh.mjs']);
  for (const file of loaded) {
    for (const [, target = ''] of (refresh[file] ?? '').matchAll(/(?:from|import)"\.\/([^"]+)"/g)) {
      loaded.add(target);
    }
  }
  const text = [...loaded].map((file) => refresh[file]).join('');
  expect(loaded.size).toBeGreaterThan(1);
  expect(text).toContain('GetParameter');
  for (const later of ['GetSecretValue', 'ListSubscriptionsByTopic', 'http-cache-semantics']) {
    expect(text).not.toContain(later);
  }
  expect(Object.values(refresh).join('')).toContain('GetSecretValue');
});
