import { deflateRawSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { LOGIN, REFRESH, WATCH, bundle } from '../../infra/bundle.ts';

test.each([
  ['refresh', REFRESH],
  ['login', LOGIN],
  ['watch', WATCH],
])('The %s is at most 200 KB zipped, with the SDK left to Lambda', async (_actor, options) => {
  const code = await bundle(options);
  // A zip of one file: its deflated bytes and some two hundred of headers.
  expect(deflateRawSync(code).length + 256).toBeLessThanOrEqual(200_000);
  expect(code).toMatch(/from"@aws-sdk\/client-ssm"/);
});
