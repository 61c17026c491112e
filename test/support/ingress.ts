/*
 * What DNS and a TLS-terminating ingress are in real life: public origins such
 * as https://acme.example, and the ports on 127.0.0.1 that stand behind them.
 */
const published = new Map<string, string>();

/** Puts a port behind a public origin until the returned function is called. */
export function publish(origin: string, port: number): () => void {
  published.set(origin, `http://127.0.0.1:${port}`);
  return () => published.delete(origin);
}

/** Where a test's browser really connects to. */
export function localOrigin(origin: string): string {
  return published.get(origin) ?? origin;
}
