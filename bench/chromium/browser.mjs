/** Opens a page, in a process of its own, for a library. Has the interface of a peer's process. */
export async function openPage(browser, origin, library, options = {}) {
  const context = await browser.newContext();
  const page = await context.newPage();
  page.on("pageerror", (error) => process.stderr.write(`page: ${error.message}\n`));
  await page.goto(`${origin}/page.html`);
  await page.waitForFunction(() => "start" in globalThis);
  const about = await page.evaluate(([name, settings]) => globalThis.start(name, settings), [library, options]);
  return {
    about,
    time: (name, steps) => page.evaluate(([c, n]) => globalThis.side.time(c, n), [name, steps]),
    check: () => page.evaluate(() => globalThis.side.check()),
    stop: () => context.close(),
  };
}
