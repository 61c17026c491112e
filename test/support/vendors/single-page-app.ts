import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

import { listen } from '../listen.ts';

/** A vendor without a server of its own: a page on oidc-client-ts, a public client. */
export interface SinglePageVendor {
  readonly url: string;
  close(): Promise<void>;
}

/** Starts it at `http://127.0.0.1:<port>`, with the redirect URI `/callback`. */
export async function startSinglePageVendor(options: {
  readonly issuer: string;
  readonly clientId: string;
  readonly port: number;
}): Promise<SinglePageVendor> {
  const main = createRequire(import.meta.url).resolve('oidc-client-ts');
  const library = await readFile(new URL('../browser/oidc-client-ts.min.js', `file://${main}`));
  const origin = `http://127.0.0.1:${options.port}`;
  const settings = {
    authority: options.issuer,
    client_id: options.clientId,
    redirect_uri: `${origin}/callback`,
    scope: 'openid profile',
    loadUserInfo: true,
    automaticSilentRenew: false,
  };
  const page = `<!doctype html><title>Vendor</title><script src="/oidc-client-ts.js"></script>
<script type="module">
const manager = new oidc.UserManager(${JSON.stringify(settings)});
const show = (what) => { document.title = 'done'; document.body.textContent = JSON.stringify(what); };
try {
  if (location.pathname === '/callback') {
    const user = await manager.signinCallback();
    const renewed = await manager.signinSilent();
    show({ sub: user.profile.sub, refreshed: renewed.profile.sub, name: user.profile.name });
  } else {
    await manager.signinRedirect();
  }
} catch (error) { show({ error: String(error) }); }
</script><body></body>`;
  const server = await listen((request, response) => {
    const isLibrary = request.url === '/oidc-client-ts.js';
    response.setHeader('content-type', isLibrary ? 'text/javascript' : 'text/html; charset=utf-8');
    response.end(isLibrary ? library : page);
  }, options.port);
  return { url: `${origin}/`, close: () => server.close() };
}
