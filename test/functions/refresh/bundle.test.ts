import { deflateRawSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { REFRESH, bundle } from '../../../infra/bundle.ts';

test('The function is at most 200 KB zipped, with the SDK left to Lambda', async () => {
  const code = await bundle(REFRESH);
  // A zip of one file: its deflated bytes and some two hundred of headers.
  expect(deflateRawSync(code).length + 256).toBeLessThanOrEqual(200_000);
  expect(code).toMatch(/from"@aws-sdk\/client-ssm"/);
});
