// Words that several commands put together in the same way.

/** `1 line`, `2 lines`, `1,532 lines`. */
export function counted(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
}
