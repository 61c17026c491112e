import { randomBytes } from 'node:crypto';

interface Stored {
  payload: Record<string, unknown>;
  readonly expiresAt: number;
}

/** The memory of one legacy provider, which outlives its restarts and its key rotations. */
export class LegacyStore {
  /** Signs the provider's cookies. */
  readonly cookieKey = randomBytes(32).toString('hex');
  readonly #entries = new Map<string, Stored>();

  /** The adapter that oidc-provider asks for, one for each of its models. */
  adapter = (model: string) => {
    const entries = this.#entries;
    const keyOf = (id: string): string => `${model}:${id}`;
    const firstWith = (member: string, value: string): Record<string, unknown> | undefined => {
      for (const [key, { payload }] of entries) {
        if (key.startsWith(`${model}:`) && payload[member] === value) return payload;
      }
      return undefined;
    };
    return {
      upsert: async (id: string, payload: Record<string, unknown>, expiresIn: number) => {
        entries.set(keyOf(id), { payload, expiresAt: Date.now() + (expiresIn || 3600) * 1000 });
      },
      find: async (id: string) => {
        const stored = entries.get(keyOf(id));
        return stored && stored.expiresAt > Date.now() ? stored.payload : undefined;
      },
      findByUid: async (uid: string) => firstWith('uid', uid),
      findByUserCode: async (userCode: string) => firstWith('userCode', userCode),
      consume: async (id: string) => {
        const stored = entries.get(keyOf(id));
        if (stored) stored.payload['consumed'] = Math.floor(Date.now() / 1000);
      },
      destroy: async (id: string) => {
        entries.delete(keyOf(id));
      },
      revokeByGrantId: async (grantId: string) => {
        for (const [key, { payload }] of entries) {
          if (payload['grantId'] === grantId) entries.delete(key);
        }
      },
    };
  };
}
