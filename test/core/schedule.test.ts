import { describe, expect, test } from 'vitest';
import {
  REFRESH_SLOTS,
  SCHEDULE_TIME_ZONE,
  WATCH_SLOTS,
  isLastSlot,
  isLoginDue,
  scheduleExpression,
} from '../../core/schedule.ts';

describe('The daily schedule', () => {
  test('has refresh slots at 07:00, 07:30 and 08:15 in India', () => {
    expect(REFRESH_SLOTS.map(scheduleExpression)).toEqual([
      'cron(0 7 * * ? *)',
      'cron(30 7 * * ? *)',
      'cron(15 8 * * ? *)',
    ]);
    expect(SCHEDULE_TIME_ZONE).toBe('Asia/Kolkata');
  });

  test('has 08:15 as its last slot', () => {
    expect(['07:00', '07:30', '08:14', '08:15'].map(isLastSlot)).toEqual([
      false,
      false,
      false,
      true,
    ]);
  });

  test('has slots in the order of the day', () => {
    expect(REFRESH_SLOTS).toEqual(REFRESH_SLOTS.toSorted());
    expect(WATCH_SLOTS).toEqual(WATCH_SLOTS.toSorted());
  });

  test('has a login due from 08:45 on', () => {
    expect(WATCH_SLOTS.filter(isLoginDue)).toEqual(['08:45', '09:05', '09:30']);
  });
});
