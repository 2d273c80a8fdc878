// What may differ between two runs with other secrets, and why. Everything else is the same, byte for byte.

export interface Mask {
  readonly pattern: RegExp;
  readonly reason: string;
}

export const MASKS: readonly Mask[] = [
  {
    pattern: /(?<="fingerprint": ?"|\bfingerprint |^\w+ +(?:\w+ +)?)[0-9a-f]{8}(?=["; ])/gm,
    reason:
      'A token, and a state, is shown on purpose by eight hex digits of its SHA-256: people compare them.',
  },
  {
    pattern: /(?<=\*{8} \()\d+(?= characters)/g,
    reason:
      'ssm get says on purpose how long a value is, which tells one that was cut off; it is the operator’s own terminal.',
  },
  {
    pattern: /(?<=\/go\/\d{4}-\d\d-\d\d\/)[0-9a-f]{32}/g,
    reason: 'The signature of the day’s link, by a random key of the stack.',
  },
  {
    pattern: /(?<=state=\d{8}[0-9a-f]{8})[0-9a-f]{64}/g,
    reason:
      'The state that Fyers carries back: a random nonce, and its signature by a key that is derived from it.',
  },
  {
    pattern: /(?<="(?:input|refusedApp)":")[0-9a-f]{64}(?=")/g,
    reason:
      'The fingerprint of what a refresh or a login is made with, in a state: an HMAC by a random key.',
  },
  {
    pattern: /(?<=^\w+_token\.txt 600 )[\w-]+\.[\w-]+\.[\w-]+$/gm,
    reason: 'A token file holds the token, for its owner alone; that is what the file is for.',
  },
  {
    pattern: /(?<=^\.fyers-(?:link|pin)-key 600 )[0-9a-f]{64}$/gm,
    reason: 'What refresh --local fingerprints with is drawn for each folder, for its owner alone.',
  },
  {
    pattern: /(?<=http:\/\/127\.0\.0\.1:)\d+/g,
    reason: 'The ports of the stand-ins, which the system chooses.',
  },
  {
    pattern: /(?<=\/fyers-cli-)\w{6}/g,
    reason: 'A temporary folder, which the system names.',
  },
];

export function masked(text: string): string {
  return MASKS.reduce((clean, { pattern }) => clean.replaceAll(pattern, '[masked]'), text);
}
