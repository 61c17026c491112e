import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  generateKeyPairSync,
  randomBytes,
  sign,
  verify,
} from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { promisify } from 'node:util';

import { median } from './numbers.ts';

/** Processor milliseconds that each step of cryptography costs at least. */
export interface CryptoCosts {
  readonly verifyRS256: number;
  readonly signES256: number;
  readonly signRS256: number;
  /** AES-256-GCM over a kilobyte, either way. */
  readonly seal: number;
  readonly unseal: number;
}

const ROUNDS = 5;
const TIMES = { verifyRS256: 400, signES256: 400, signRS256: 100, seal: 2000, unseal: 2000 };
/** What is in flight at once where the calls are asynchronous, as under load. */
const AT_ONCE = 32;
const TEXT = randomBytes(700);
const SEALED = randomBytes(1024);

type Step = keyof CryptoCosts;
type Ways = Readonly<Record<Step, () => unknown>>;

/** Through calls that return when they are done. */
export function synchronousCosts(): Promise<CryptoCosts> {
  const { rsa, ec, signature, key, iv } = material();
  const { ciphertext, tag } = seal(key, iv);
  return measured({
    verifyRS256: () => verify('sha256', TEXT, rsa.publicKey, signature),
    signES256: () => sign('sha256', TEXT, ec.privateKey),
    signRS256: () => sign('sha256', TEXT, rsa.privateKey),
    seal: () => seal(key, randomBytes(12)),
    unseal: () => {
      const decipher = createDecipheriv('aes-256-gcm', key, iv).setAuthTag(tag);
      return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
    },
  });
}

/** Through calls that hand the work to a thread; for AES-GCM node has them in WebCrypto alone. */
export async function asynchronousCosts(): Promise<CryptoCosts> {
  const { rsa, ec, signature, iv } = material();
  const signAsync = promisify<string, Buffer, KeyObject, Buffer>(sign);
  const verifyAsync = promisify<string, Buffer, KeyObject, Buffer, boolean>(verify);
  const aes = { name: 'AES-GCM', length: 256 };
  const key = await crypto.subtle.generateKey(aes, false, ['encrypt', 'decrypt']);
  const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, SEALED);
  return measured({
    verifyRS256: () => verifyAsync('sha256', TEXT, rsa.publicKey, signature),
    signES256: () => signAsync('sha256', TEXT, ec.privateKey),
    signRS256: () => signAsync('sha256', TEXT, rsa.privateKey),
    seal: () => crypto.subtle.encrypt({ name: 'AES-GCM', iv: randomBytes(12) }, key, SEALED),
    unseal: () => crypto.subtle.decrypt({ name: 'AES-GCM', iv }, key, sealed),
  });
}

function material() {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = createSecretKey(randomBytes(32));
  return { rsa, ec, signature: sign('sha256', TEXT, rsa.privateKey), key, iv: randomBytes(12) };
}

function seal(key: KeyObject, iv: Uint8Array): { ciphertext: Buffer; tag: Buffer } {
  const cipher = createCipheriv('aes-256-gcm', key, iv);
  const ciphertext = Buffer.concat([cipher.update(SEALED), cipher.final()]);
  return { ciphertext, tag: cipher.getAuthTag() };
}

async function measured(ways: Ways): Promise<CryptoCosts> {
  const costs: Record<Step, number[]> = {
    ...{ verifyRS256: [], signES256: [], signRS256: [], seal: [], unseal: [] },
  };
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const step of Object.keys(costs) as Step[]) {
      costs[step].push(await costOf(ways[step], TIMES[step]));
    }
  }
  return {
    verifyRS256: median(costs.verifyRS256),
    signES256: median(costs.signES256),
    signRS256: median(costs.signRS256),
    seal: median(costs.seal),
    unseal: median(costs.unseal),
  };
}

async function costOf(work: () => unknown, times: number): Promise<number> {
  const before = process.cpuUsage();
  for (let done = 0; done < times; done += AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / (Math.ceil(times / AT_ONCE) * AT_ONCE);
}

/** A refresh: its token is opened, an ID token verified and one signed, two tokens are sealed. */
export function tokenCost(costs: CryptoCosts, algorithm: 'ES256' | 'RS256'): number {
  return costs.verifyRS256 + costs[`sign${algorithm}`] + costs.unseal + 2 * costs.seal;
}
