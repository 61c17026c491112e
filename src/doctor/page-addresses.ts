import { RewritingStream } from 'parse5-html-rewriting-stream';

/** What a page points to. */
export interface PageAddresses {
  /** Scripts, styles and images, which a browser fetches by itself. */
  readonly assets: readonly URL[];
  /** Where its forms are sent. */
  readonly forms: readonly URL[];
}

const ASSETS: Readonly<Record<string, string>> = { script: 'src', img: 'src', link: 'href' };

/** Reads the addresses in an HTML page. */
export async function pageAddresses(html: string, page: URL): Promise<PageAddresses> {
  const assets = new Map<string, URL>();
  const forms = new Map<string, URL>();
  const parser = new RewritingStream();
  parser.on('startTag', ({ tagName, attrs }) => {
    const name = tagName === 'form' ? 'action' : ASSETS[tagName];
    if (name === undefined) return;
    const value = attrs.find((attribute) => attribute.name === name)?.value;
    const url = URL.parse(value ?? '', page.href);
    if (url === null || !/^https?:$/.test(url.protocol)) return;
    if (tagName === 'form') forms.set(url.href, url);
    else if (value !== undefined) assets.set(url.href, url);
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  parser.once('end', resolve).once('error', reject).resume();
  parser.end(html);
  await promise;
  return { assets: [...assets.values()], forms: [...forms.values()] };
}
