/** Beside the sources only: what is built has the page inside. */
const builder = new URL("../../../scripts/build/reportPage.mjs", import.meta.url);

interface Builder {
  bundleReportPage(): Promise<string>;
}

/**
 * The page that shows a run, without its data. This file is for a run from the sources, where it bundles the page
 * first; `scripts/build/bundle.mjs` puts the bundled page in its place.
 */
export async function loadPage(): Promise<string> {
  const { bundleReportPage } = (await import(builder.href)) as Builder;
  return bundleReportPage();
}
