import { readFileSync } from 'node:fs';
import * as z from 'zod/mini';

const vector = z.object({ name: z.string(), hex: z.string() });
const schema = z.object({
  tbt: z.array(z.looseObject({ ...vector.shape, fields: z.optional(z.any()) })),
  hsm_encoded: z.object({ node: z.record(z.string(), z.string()) }),
  hsm: z.array(vector),
});

/** Frames built by hand, in an order in which each continues the state of the ones before it. */
export const VECTORS = schema.parse(
  JSON.parse(readFileSync(new URL('../../fixtures/stream-vectors.json', import.meta.url), 'utf8')),
);

export function bytesOf(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'));
}
