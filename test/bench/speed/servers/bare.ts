import { readFileSync } from 'node:fs';

import express from 'express';
import { createProxyMiddleware } from 'http-proxy-middleware';

/** Express and http-proxy-middleware as they come, and nothing else: what any proxy of these costs. */
const { port, target } = JSON.parse(readFileSync(0, 'utf8')) as { port: number; target: string };

const app = express();
app.use(createProxyMiddleware({ target }));
app.listen(port, '127.0.0.1');
