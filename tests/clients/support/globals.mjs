// What the libraries of @slack and @shopify take for granted and Node.js 18, which Debian 12 has,
// keeps in modules. To be imported before them.
import { File } from 'node:buffer';
import { webcrypto } from 'node:crypto';

globalThis.File ??= File;
globalThis.crypto ??= webcrypto;
