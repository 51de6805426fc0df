import { launch } from './test/browser/chromium.ts';
const browser = await launch();
const page = await browser.newPage({ locale: 'en-GB', viewport: { width: Number(process.argv[3] ?? 1280), height: 900 } });
page.on('console', (m) => console.log('console', m.text()));
page.on('pageerror', (e) => console.log('error', e.message));
await page.goto(process.argv[2] ?? 'http://localhost:9620/ops');
await page.waitForTimeout(4000);
await page.screenshot({ path: process.argv[4] ?? '/tmp/h-eco-ops.png', fullPage: true });
await browser.close();
