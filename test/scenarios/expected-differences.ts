// Lists the differences that two runs with different secrets may have, each with its reason. All other bytes are equal.

export interface ExpectedDifference {
  readonly pattern: RegExp;
  readonly reason: string;
}

export const EXPECTED_DIFFERENCES: readonly ExpectedDifference[] = [
  {
    pattern: /(?<="fingerprint": ?"|\bfingerprint |^\w+ +(?:\w+ +)?)[0-9a-f]{8}(?=["; ])/gm,
    reason: 'The first eight hex digits of the SHA-256 of a token or state, which people compare.',
  },
  {
    pattern: /(?<=\*{8} \()\d+(?= characters)/g,
    reason: 'The length of a value in ssm get, which shows whether the value is cut.',
  },
  {
    pattern: /(?<=\/go\/\d{4}-\d\d-\d\d\/)[0-9a-f]{32}/g,
    reason: 'The signature of the login link, made with a random key of the stack.',
  },
  {
    pattern: /(?<=state=\d{8}[0-9a-f]{8})[0-9a-f]{64}/g,
    reason:
      'The state of a login: a random nonce, and a signature with a key that is derived from the nonce.',
  },
  {
    pattern: /(?<="(?:input|refusedApp)":")[0-9a-f]{64}(?=")/g,
    reason:
      'The fingerprint of the inputs of a refresh or login in a state: an HMAC with a random key.',
  },
  {
    pattern: /(?<=^\w+_token\.txt 600 )[\w-]+\.[\w-]+\.[\w-]+$/gm,
    reason: 'The token in a token file, which only its owner may read.',
  },
  {
    pattern: /(?<=^\.fyers-(?:link|pin)-key 600 )[0-9a-f]{64}$/gm,
    reason: 'The random key of refresh --local for fingerprints, which only its owner may read.',
  },
  {
    pattern: /(?<=http:\/\/127\.0\.0\.1:)\d+/g,
    reason: 'The ports of the stand-ins, chosen by the system.',
  },
  {
    pattern: /(?<=\/fyers-cli-)\w{6}/g,
    reason: 'The name of a temporary folder, chosen by the system.',
  },
];

export function maskDifferences(text: string): string {
  return EXPECTED_DIFFERENCES.reduce(
    (clean, { pattern }) => clean.replaceAll(pattern, '[maskDifferences]'),
    text,
  );
}
