import type { SectorLink } from '../database/sector-links.ts';
import { ok, problem, warning, type Finding } from './finding.ts';

/** Which sectors share subjects: what an operator decided once, and should not forget. */
export function linkFindings(
  links: readonly SectorLink[],
  owners: ReadonlyMap<string, string>,
): readonly Finding[] {
  return links.map((link) => {
    const { sector, into, betweenVendors } = link;
    const name = 'sector_link';
    if (link.mode !== 'linked' || link.carriedAt === undefined) {
      const command = link.mode === 'parting' ? 'sector unlink' : 'sector link';
      const message = `The ${link.mode === 'parting' ? 'unlinking' : 'link'} of ${sector} and ${into} is not complete.`;
      return problem(name, message, `Where nobody is at it, run the same \`${command}\` again.`);
    }
    const message = `The clients of ${sector} use the subjects of ${into}.`;
    if (!betweenVendors) return ok(name, message);
    const [own = '', other = ''] = [owners.get(sector), owners.get(into)];
    const wide = `${message} The vendors "${own}" and "${other}" can tell which users they have in common.`;
    return warning(name, wide, '`sector unlink` ends it for users who come later.');
  });
}
