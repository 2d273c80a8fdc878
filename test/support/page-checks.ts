// Checks that a page fits the screen, has large enough buttons, and enough contrast.
import { expect } from 'vitest';
import { type Phone, contrast } from './mobile-browser.ts';

export async function expectReadable(phone: Phone, name: string): Promise<void> {
  for (const { scheme, beyondPx, pressHeights, pieces } of await phone.look(name)) {
    const where = `${name}, ${scheme}`;
    expect.soft(beyondPx, `${where}: beyond the right edge`).toBeLessThanOrEqual(0);
    for (const [label, height] of Object.entries(pressHeights)) {
      expect.soft(height, `${where}: the height of "${label}"`).toBeGreaterThanOrEqual(44);
    }
    expect.soft(pieces, where).not.toHaveLength(0);
    for (const piece of pieces) {
      expect.soft(contrast(piece), `${where}: "${piece.text}"`).toBeGreaterThanOrEqual(4.5);
    }
  }
  expect.soft(phone.complaints.filter(isNoStatus), name).toEqual([]);
}

/** Chromium complains of every page that is not 200, which refusals are meant to be. */
const isNoStatus = (complaint: string) =>
  !/^Failed to load resource: the server responded with a status of [45]/.test(complaint);
