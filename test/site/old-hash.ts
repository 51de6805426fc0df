import { randomBytes, scryptSync } from 'node:crypto';

/** A hash as the versions before argon2id kept it: scrypt at N = 2^ln, 17 in the server, less in most tests. */
export function oldHash(password: string, ln: number): string {
  const salt = randomBytes(16);
  const key = scryptSync(password.normalize('NFKC'), salt, 32, { N: 2 ** ln, r: 8, p: 1, maxmem: 2 ** 28 });
  const base64 = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '');
  return `$scrypt$ln=${ln},r=8,p=1$${base64(salt)}$${base64(key)}`;
}
