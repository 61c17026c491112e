import { ask } from './by-hand.ts';

/** The samples of a scrape, by the name with its labels as it stands there. */
export async function scrape(adminUrl: string): Promise<ReadonlyMap<string, number>> {
  const { body: text } = await ask(`${adminUrl}/metrics`);
  return samplesOf(text);
}

/** The samples in a text of Prometheus' format. */
function samplesOf(text: string): ReadonlyMap<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(' ');
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
}
