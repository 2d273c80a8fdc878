/** Finds secrets in a text, plain or encoded as in logs, URLs and stores. @returns name and encoding of each secret found */
export function leaksOf(
  text: string,
  secrets: Readonly<Record<string, string>>,
): readonly string[] {
  return Object.entries(secrets).flatMap(([name, secret]) => {
    const bytes = Buffer.from(secret, 'utf8');
    const forms = {
      plain: secret,
      json: JSON.stringify(secret).slice(1, -1),
      url: encodeURIComponent(secret),
      base64: bytes.toString('base64'),
      base64url: bytes.toString('base64url'),
      hex: bytes.toString('hex'),
    };
    return Object.entries(forms)
      .filter(([, form]) => text.includes(form))
      .map(([form]) => `${name} (${form})`);
  });
}
