// JSON Web Tokens of RS256.
import { generateKeyPairSync, sign, verify } from 'node:crypto';

const segment = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const read = (text) => JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));

export function rsaKeys() {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { pem: privateKey.export({ type: 'pkcs8', format: 'pem' }), privateKey, publicKey };
}

export function signedToken(claims, { privateKey, kid }) {
  const message = `${segment({ alg: 'RS256', typ: 'JWT', kid })}.${segment(claims)}`;
  const signature = sign('sha256', Buffer.from(message), privateKey);
  return `${message}.${signature.toString('base64url')}`;
}

/// The claims, or nothing unless `key` signed them.
export function verifiedClaims(token, key) {
  try {
    const [header, claims, signature] = token.split('.');
    const bytes = Buffer.from(signature, 'base64url');
    const message = Buffer.from(`${header}.${claims}`);
    const isGood = read(header).alg === 'RS256' && verify('sha256', message, key, bytes);
    return isGood ? read(claims) : undefined;
  } catch {
    return undefined;
  }
}

/// Returns the claims of a token without verifying its signature.
export function unverifiedClaims(token) {
  try {
    return read(token.split('.')[1]);
  } catch {
    return undefined;
  }
}
