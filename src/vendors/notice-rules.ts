import type { Vendor } from './client.ts';
import { lacksCodeFlow } from './grant-rules.ts';
import type { Problem } from './problem.ts';
import type { ClientSettings, Registrations } from './registration.ts';
import { isResourceServerOnly } from './resource-server.ts';

/** What stands already. */
interface Standing {
  readonly vendors: ReadonlyMap<string, Vendor>;
  readonly clients: readonly ClientSettings[];
}

/** Why a client cannot show a notice. */
interface Hindrance {
  readonly member: string;
  readonly why: string;
  readonly right: string;
}

const CIBA = 'urn:openid:params:grant-type:ciba';

/** A notice is shown to a user whom the proxy knows, on a page of its own: not every login has that. */
export function noticeProblems(
  incoming: Pick<Registrations, 'vendors' | 'clients'>,
  standing: Standing,
): readonly Problem[] {
  const given = new Map(incoming.vendors.map(({ vendor }) => [vendor.id, vendor]));
  const named = new Set(incoming.clients.map(({ settings }) => settings.clientId));
  const others = standing.clients.filter(({ clientId }) => !named.has(clientId));
  return [
    ...incoming.clients.flatMap(({ settings, path }) => {
      const vendor = given.get(settings.vendorId) ?? standing.vendors.get(settings.vendorId);
      const found = vendor?.notice === true ? hindranceOf(settings) : undefined;
      if (found === undefined) return [];
      const { member, why, right } = found;
      return [
        { path: [...path, member], wrong: `cannot go with the vendor's notice: ${why}`, right },
      ];
    }),
    ...incoming.vendors.flatMap(({ vendor, path }) => {
      if (!vendor.notice) return [];
      return others.flatMap((client) => {
        const found = client.vendorId === vendor.id ? hindranceOf(client) : undefined;
        if (found === undefined) return [];
        const wrong = `cannot be shown by the client "${client.clientId}": ${found.why}`;
        return [{ path: [...path, 'notice'], wrong, right: found.right }];
      });
    }),
  ];
}

function hindranceOf(client: ClientSettings): Hindrance | undefined {
  const { grant_types: grants } = client.metadata;
  const logsIn = !isResourceServerOnly(client) && !lacksCodeFlow(grants);
  if (client.upstream === undefined && logsIn) {
    const why = 'a forwarded client redeems the code itself, and only then is the user known';
    return {
      member: 'upstream',
      why,
      right: 'give it an "upstream" block, or leave the notice out',
    };
  }
  if (grants.includes(CIBA)) {
    const why = 'CIBA asks the user where no page of ours is';
    return { member: 'grant_types', why, right: 'leave CIBA or the notice out' };
  }
  return undefined;
}
